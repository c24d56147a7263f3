// The chip, beside the page: takes a compiled module first, then requests as JSON, and posts what it is told.
"use strict";

let exports;

function tell(address, bytes) {
  postMessage(new TextDecoder().decode(new Uint8Array(exports.memory.buffer, address, bytes)));
}

/** Imports of the module: `tell`, and what its libraries name but never call. */
function imports(module) {
  const all = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    all[from] ??= {};
    all[from][name] = () => { throw new Error(`${from}.${name} is not there`); };
  }
  all.page.tell = tell;
  return all;
}

async function open(bytes) {
  const module = await WebAssembly.compile(bytes);
  exports = (await WebAssembly.instantiate(module, imports(module))).exports;
  postMessage('{"tell":"ready"}');
}

function ask(request) {
  const bytes = new TextEncoder().encode(request);
  const address = exports.reserve(bytes.length);
  if (address === 0) {
    postMessage('{"tell":"error","what":"the drawing is too long: draw a simpler one"}');
    return;
  }
  new Uint8Array(exports.memory.buffer, address, bytes.length).set(bytes);
  exports.ask();
}

function fail(error) {
  postMessage(JSON.stringify({ tell: "failed", what: String(error.message ?? error) }));
}

onmessage = ({ data }) => {
  if (data instanceof ArrayBuffer) {
    open(data).catch(fail);
    return;
  }
  try {
    ask(data);
  } catch (error) {
    fail(error);
  }
};
