// What is on the page, and what happens on it.
"use strict";

const by = (id) => document.getElementById(id);
const percent = (share) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(2)} %`);
/** A score as text, with a minus of the width of a digit. */
const fixed = (score) => score.toFixed(2).replace("-0.00", "0.00").replace("-", "−");
/** A digit with its article. */
const a = (digit) => (digit === 8 ? "an 8" : `a ${digit}`);
const host = JSON.parse(by("data").textContent);

const engine = new Engine(told);
const pad = new Pad(by("pad"), drawn);
const raster = new Raster(by("raster"));
const rows = [];
let answer = null;
let finished = false;
let trained = false;
let curve = [];
let right = [];

function fail(what) {
  by("error").textContent = what;
  by("error").hidden = false;
}

/** The rows of scores: each is a button that teaches its class. */
function makeScores() {
  for (let digit = 0; digit < 10; digit += 1) {
    const button = document.createElement("button");
    button.type = "button";
    button.disabled = true;
    button.innerHTML = `<b>${digit}</b><span class="bar"><i></i></span><span class="score">–</span>`;
    button.addEventListener("click", () => teach(digit));
    by("scores").append(button);
    rows.push(button);
  }
}

function drawn(isFinished) {
  const empty = pad.strokes.length === 0;
  finished = isFinished;
  by("clear").disabled = by("undo").disabled = empty;
  if (empty) {
    show(null);
    by("said").textContent = trained ? "Draw a digit." : by("said").textContent;
  } else if (trained) {
    engine.ask({ ask: "predict", strokes: pad.strokes });
  }
}

function teach(digit) {
  if (trained && answer !== null && pad.strokes.length > 0) {
    engine.ask({ ask: "teach", strokes: pad.strokes, class: digit });
  }
}

/** Shows an answer, or that there is none. */
function show(next, live = false) {
  answer = next;
  by("answer").textContent = next === null ? "?" : next.class;
  by("confidence").textContent = next === null ? "–" : `${next.confidence_percent} %`;
  by("confidence-bar").value = next === null ? 0 : next.confidence_percent;
  rows.forEach((row, digit) => {
    const score = next === null ? 0 : next.scores[digit];
    row.disabled = next === null;
    row.classList.toggle("best", next !== null && next.class === digit);
    row.querySelector("i").style.width = `${100 * Math.min(Math.max(score, 0), 1)}%`;
    row.querySelector(".score").textContent = next === null ? "–" : fixed(score);
    row.setAttribute("aria-label", next === null ? `${digit}` : `It is ${a(digit)}: learn it. Score ${fixed(score)}`);
  });
  drawValues(by("seen"), next === null ? [] : next.values);
  by("seen").setAttribute("aria-label", next === null ? "Nothing is drawn yet." : "The drawing as 8×8 grey values.");
  raster.show(next, live);
  const count = next === null ? null : next.spikes.length.toLocaleString("en");
  by("raster-says").textContent = next === null
    ? "Each row is a compartment, each column a step."
    : `${count} spikes of ${next.neurons} compartments in ${next.steps} steps.`;
  by("raster").setAttribute("aria-label", next === null ? "Raster: no spikes yet." : `Raster: ${by("raster-says").textContent}`);
}

function showLessons(all) {
  right = all;
  const share = (own) => own.filter(Boolean).length / own.length;
  by("online").textContent = all.length > 0 ? `${all.filter(Boolean).length} of ${all.length}` : "–";
  by("recent").textContent = all.length > 0 ? `${Math.round(100 * share(all.slice(-10)))} %` : "–";
  const points = all.map((_, at) => [all.length > 1 ? at / (all.length - 1) : 0, share(all.slice(0, at + 1))]);
  drawAccuracy(by("online-chart"), points.length === 1 ? [...points, [1, points[0][1]]] : points, 0);
  const says = all.length > 0 ? `${by("online").textContent} lessons.` : "nothing was taught yet.";
  by("online-chart").setAttribute("aria-label", `Online accuracy: ${says}`);
  by("marks").innerHTML = all.slice(-30).map((own) => (own ? '<li class="yes">✓</li>' : '<li class="no">✗</li>')).join("");
  by("forget").disabled = all.length === 0;
}

function showProgress({ done, total, stage, accuracy }) {
  by("progress").value = done / total;
  by("stage").textContent = stage === "float twin" ? "the same in double precision, for comparison" : stage;
  if (accuracy !== null) {
    curve.push([done / total, accuracy]);
    drawAccuracy(by("experiment-chart"), curve, 0.5);
  }
}

function showOutcome(outcome) {
  by("progress").value = 1;
  by("stage").textContent = `${outcome.samples.toLocaleString("en")} samples in ${outcome.steps.toLocaleString("en")} steps`;
  by("accuracy-online").textContent = percent(outcome.accuracy_online);
  by("accuracy-test").textContent = percent(outcome.accuracy_test);
  by("digest").textContent = outcome.digest;
  const equal = outcome.name === host.experiment && outcome.digest === host.digest;
  by("equal").textContent = equal ? "Equal to the last bit." : "They differ: please report this with your browser's name.";
  by("equal").dataset.equal = equal;
  trained = true;
  by("run").disabled = false;
  showLessons([]);
  by("said").textContent = "Draw a digit.";
  drawn(true);
}

function run() {
  trained = false;
  curve = [];
  for (const id of ["digest", "accuracy-online", "accuracy-test"]) {
    by(id).textContent = "–";
  }
  by("equal").textContent = "";
  delete by("equal").dataset.equal;
  by("run").disabled = true;
  show(null);
  by("said").textContent = "The network is learning its first digits.";
  engine.ask({ ask: "experiment" });
}

/** What the engine was told. */
function told(message) {
  switch (message.tell) {
    case "ready":
      run();
      break;
    case "progress":
      showProgress(message);
      break;
    case "experiment":
      showOutcome(message);
      break;
    case "answer":
      if (pad.strokes.length > 0) {
        show(message.answer, finished);
        by("said").textContent = `The network says: ${a(message.answer.class)}.`;
      }
      break;
    case "taught": {
      const { before, answer: after, class: taught } = message;
      show(after, true);
      showLessons(message.right);
      const again = after.class === taught ? "" : " Teach it once more.";
      by("said").textContent = `Learned once as ${a(taught)}. Before it said ${before.class}, now ${after.class}.${again}`;
      break;
    }
    case "forgotten":
      showLessons([]);
      drawn(true);
      break;
    case "error":
      by("said").textContent = `${message.what[0].toUpperCase()}${message.what.slice(1)}.`;
      break;
    default:
      fail(`The chip stopped: ${message.what}. Load the page again.`);
  }
}

function open() {
  makeScores();
  showLessons([]);
  by("digest-host").textContent = host.digest;
  by("clear").addEventListener("click", () => pad.clear());
  by("undo").addEventListener("click", () => pad.undo());
  by("forget").addEventListener("click", () => engine.ask({ ask: "forget" }));
  by("run").addEventListener("click", run);
  document.addEventListener("keydown", (event) => {
    if (/^[0-9]$/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey) {
      teach(Number(event.key));
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    pad.draw();
    raster.draw(Infinity);
    drawValues(by("seen"), answer === null ? [] : answer.values);
  });
  const missing = whatIsMissing();
  if (missing !== null) {
    fail(missing);
    return;
  }
  engine.start().catch((error) => fail(`The chip cannot be loaded: ${error.message}. Load the page again.`));
}

open();
