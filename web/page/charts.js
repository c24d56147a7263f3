// Pictures of what the network is told, does and reaches: values, raster, accuracy.
"use strict";

const STEP_MS = 40;

function property(element, name) {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

/** Values of 0 to 16 as a square of grey values. */
function drawValues(canvas, values) {
  const side = Math.sqrt(values.length) || 8;
  const context = canvas.getContext("2d");
  const size = canvas.width / side;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = getComputedStyle(canvas).color;
  values.forEach((value, at) => {
    context.globalAlpha = value / 16;
    context.fillRect(at % side * size, Math.floor(at / side) * size, size, size);
  });
  context.globalAlpha = 1;
}

/** Spikes of a sample, step by step; those of the last one are replaced. */
class Raster {
  constructor(canvas) {
    this.canvas = canvas;
    this.answer = null;
    this.timer = 0;
  }

  /** Shows the spikes of an answer, in turn if `live` says so. */
  show(answer, live) {
    cancelAnimationFrame(this.timer);
    this.answer = answer;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!live || still || answer === null) {
      this.draw(Infinity);
      return;
    }
    const start = performance.now();
    const frame = (now) => {
      const steps = Math.floor((now - start) / STEP_MS) + 1;
      this.draw(steps);
      if (steps < answer.steps) {
        this.timer = requestAnimationFrame(frame);
      }
    };
    this.timer = requestAnimationFrame(frame);
  }

  draw(stepsShown) {
    const { width, height } = this.canvas;
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const answer = this.answer;
    if (answer === null) {
      return;
    }
    const [column, row] = [width / answer.steps, height / answer.neurons];
    context.fillStyle = property(this.canvas, "--line");
    for (let step = 1; step < answer.steps; step += 1) {
      context.fillRect(Math.round(step * column), 0, 1, height);
    }
    context.fillStyle = getComputedStyle(this.canvas).color;
    for (const [step, neuron] of answer.spikes) {
      if (step < stepsShown) {
        context.fillRect(step * column + 3, neuron * row, column - 5, Math.max(row, 1.2));
      }
    }
  }
}

/** A line through pairs of a share of the width and an accuracy, of `floor` to 1. */
function drawAccuracy(svg, points, floor) {
  const [width, height] = [400, 90];
  const y = (accuracy) => 3 + (1 - (Math.max(accuracy, floor) - floor) / (1 - floor)) * (height - 6);
  const grid = [floor, (1 + floor) / 2, 1].map((at) => `<line x1="0" x2="${width}" y1="${y(at)}" y2="${y(at)}"/>`);
  const line = points.map(([x, accuracy]) => `${(x * width).toFixed(1)},${y(accuracy).toFixed(1)}`).join(" ");
  svg.innerHTML = `${grid.join("")}<polyline points="${line}"/>`;
}
