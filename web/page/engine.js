// The way to the worker: starts it, asks one thing at a time, and hands on what it is told.
"use strict";

/**
 * A module whose `call_indirect` gives its table in five bytes (reference types): the newest feature that the chip's module
 * needs.
 */
const NEWEST = [
  0, 97, 115, 109, 1, 0, 0, 0, // the header
  1, 4, 1, 96, 0, 0, // a type: () -> ()
  3, 2, 1, 0, // a function of this type
  4, 4, 1, 112, 0, 0, // an empty table of functions
  10, 13, 1, 11, 0, 65, 0, 17, 0, 128, 128, 128, 128, 0, 11, // its code: i32.const 0, call_indirect
];

/** A sentence for what this browser lacks, or nothing. */
function whatIsMissing() {
  if (typeof WebAssembly !== "object") {
    return "This browser has no WebAssembly, in which the chip is computed: use a newer one, or allow it in the settings.";
  }
  const hasNewest = WebAssembly.validate(new Uint8Array(NEWEST));
  if (typeof Worker !== "function" || typeof DecompressionStream !== "function" || !hasNewest) {
    return "This browser is too old for this page: it needs Chromium 96, Firefox 113, Safari 16.4 or a newer one.";
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
