// The drawing pad: strokes from mouse, pen, finger or keys.
"use strict";

const PAD_SIDE = 280;
const PEN_STEP = 7;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Pad {
  /** `changed(finished)` is called after every change of the drawing. */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.strokes = [];
    this.pen = { x: PAD_SIDE / 2, y: PAD_SIDE / 4, down: false, shown: false };
    this.pointer = null;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.end(event));
    }
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.lift());
    this.draw();
  }

  clear() {
    this.strokes = [];
    this.pen.down = false;
    this.done();
  }

  undo() {
    this.strokes.pop();
    this.pen.down = false;
    this.done();
  }

  done() {
    this.draw();
    this.changed(true);
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const scaled = (value, extent) => Math.round(10 * value / extent * PAD_SIDE) / 10;
    return [scaled(event.clientX - box.left, box.width), scaled(event.clientY - box.top, box.height)];
  }

  begin(event) {
    if (this.pointer !== null || event.button > 0) {
      return;
    }
    this.lift();
    this.pen.shown = false;
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push(this.at(event));
    this.draw();
    this.changed(false);
  }

  move(event) {
    if (event.pointerId !== this.pointer) {
      return;
    }
    const all = event.getCoalescedEvents?.() ?? [];
    for (const own of all.length > 0 ? all : [event]) {
      this.strokes.at(-1).push(...this.at(own));
    }
    this.draw();
    this.changed(false);
  }

  end(event) {
    if (event.pointerId === this.pointer) {
      this.pointer = null;
      this.done();
    }
  }

  lift() {
    if (this.pen.down) {
      this.pen.down = false;
      this.done();
    }
  }

  key(event) {
    if (event.key in ARROWS) {
      const [right, down] = ARROWS[event.key];
      const within = (value) => Math.min(Math.max(value, 0), PAD_SIDE);
      this.pen.x = within(this.pen.x + right * PEN_STEP);
      this.pen.y = within(this.pen.y + down * PEN_STEP);
      if (this.pen.down) {
        this.strokes.at(-1).push(this.pen.x, this.pen.y);
        this.changed(false);
      }
    } else if (event.key === " ") {
      if (this.pen.down) {
        this.pen.shown = true;
        this.lift();
      } else {
        this.pen.down = true;
        this.strokes.push([this.pen.x, this.pen.y]);
        this.changed(false);
      }
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
    } else {
      return;
    }
    this.pen.shown = true;
    event.preventDefault();
    this.draw();
  }

  draw() {
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    const scale = this.canvas.width / PAD_SIDE;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, PAD_SIDE, PAD_SIDE);
    context.strokeStyle = context.fillStyle = style.color;
    Object.assign(context, { lineWidth: 15, lineCap: "round", lineJoin: "round" });
    for (const stroke of this.strokes) {
      context.beginPath();
      context.moveTo(stroke[0], stroke[1]);
      for (let at = 0; at < stroke.length; at += 2) {
        context.lineTo(stroke[at], stroke[at + 1]);
      }
      context.stroke();
    }
    if (this.pen.shown) {
      context.strokeStyle = style.getPropertyValue("--accent");
      context.lineWidth = this.pen.down ? 5 : 2;
      context.beginPath();
      context.arc(this.pen.x, this.pen.y, 10, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}
