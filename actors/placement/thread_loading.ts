/*
 * Deno panics, and so ends the whole program, when a thread is terminated at the moment when it loads one of Deno's own
 * modules (2.9.6: "libs/core/modules/map.rs"). It does that mostly while it starts. So a thread that is to be killed
 * then is first given the time to load what it imports.
 */

/** So long, since a module's top level may compute for ever. */
const AT_MOST_MS = 1000;
const LOADED = 1;

/** Memory that says whether a thread has loaded its modules. */
export function makeLoading(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/** A thread is about to load modules again. */
export function tellLoading(memory: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(memory), 0, 0);
}

/** This thread's modules are loaded, as far as they could be. */
export function tellLoaded(memory: SharedArrayBuffer): void {
  const word = new Int32Array(memory);
  Atomics.store(word, 0, LOADED);
  Atomics.notify(word, 0);
}

/** Calls `then` when the thread that has this memory has loaded its modules, or has had the time. */
export function whenLoaded(memory: SharedArrayBuffer, then: () => void): void {
  const { async, value } = Atomics.waitAsync(new Int32Array(memory), 0, 0, AT_MOST_MS);
  if (async) void value.then(then);
  else then();
}
