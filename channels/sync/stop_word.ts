import { singleton } from "../kernel/singleton.ts";

const state: { word: Int32Array | undefined } = singleton("stop-word", () => ({ word: undefined }));

/** Uses this memory to learn that the thread is asked to stop while it is blocked and hears no message. */
export function setStopWord(memory: SharedArrayBuffer): void {
  state.word = new Int32Array(memory);
}

/** Tells the thread that has this memory to stop blocking. */
export function raiseStopWord(memory: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(memory), 0, 1);
}

/** @throws {DOMException} An `AbortError`, if this thread has been asked to stop. */
export function checkStop(action: string): void {
  if (state.word === undefined || Atomics.load(state.word, 0) === 0) return;
  throw new DOMException(`Cannot ${action}: the actor has been asked to stop`, "AbortError");
}
