// The way to the worker: starts it, asks one thing at a time, and hands on what it is told.
"use strict";

/** A sentence for what this browser lacks, or nothing. */
function whatIsMissing() {
  if (typeof WebAssembly !== "object") {
    return "This browser has no WebAssembly, in which the chip is computed: use a newer one, or allow it in the settings.";
  }
  if (typeof Worker !== "function" || typeof DecompressionStream !== "function") {
    return "This browser is too old for this page: Chromium 80, Firefox 113 and Safari 16.4 have what it takes.";
  }
  return null;
}

/** The module, which the page holds as base64 of its gzip. */
async function unpacked() {
  const text = atob(document.getElementById("module").textContent.trim());
  const packed = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

class Engine {
  /** `told` takes every answer, as an object. */
  constructor(told) {
    this.told = told;
    this.waiting = [];
    this.busy = true;
  }

  async start() {
    const text = document.getElementById("worker").textContent;
    this.worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
    this.worker.onmessage = ({ data }) => this.receive(JSON.parse(data));
    this.worker.onerror = (event) => this.receive({ tell: "failed", what: event.message ?? "the worker cannot start" });
    const bytes = await unpacked();
    this.worker.postMessage(bytes, [bytes]);
  }

  /** Asks in turn. Of predictions that wait only the last is asked: the others are of an unfinished drawing. */
  ask(request) {
    if (request.ask === "predict") {
      this.waiting = this.waiting.filter((own) => own.ask !== "predict");
    }
    this.waiting.push(request);
    this.next();
  }

  receive(message) {
    // Everything but progress ends a request.
    this.busy = message.tell === "progress" || message.tell === "failed";
    this.told(message);
    this.next();
  }

  next() {
    if (!this.busy && this.waiting.length > 0) {
      this.busy = true;
      this.worker.postMessage(JSON.stringify(this.waiting.shift()));
    }
  }
}
