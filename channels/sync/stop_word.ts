import { singleton } from "../kernel/singleton.ts";

/** What a thread is told that may be blocked, and hear no message. */
export type StopReason = "stop" | "interrupt";

/** The bits of the word. */
const BITS: Readonly<Record<StopReason, number>> = { interrupt: 1, stop: 2 };

interface Hearing {
  readonly word: Int32Array<SharedArrayBuffer>;
  /** Does what the message will ask for that is on its way, and gives what to throw. */
  readonly heard: (reason: StopReason) => unknown;
}

const state: { hearing: Hearing | undefined } = singleton("stop-word", () => ({ hearing: undefined }));

/** The memory of a word. */
export function makeStopWord(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/** Tells the thread that has this memory to stop blocking. */
export function raiseStopWord(memory: SharedArrayBuffer, reason: StopReason): void {
  Atomics.or(new Int32Array(memory), 0, BITS[reason]);
}

/** From now on this thread looks at `memory` when it blocks. */
export function hearStopWord(memory: SharedArrayBuffer, heard: Hearing["heard"]): void {
  state.hearing = { word: new Int32Array(memory), heard };
}

/** An interrupt has been heard of. (A stop lasts: what blocks after it is stopped, too.) */
export function forgetInterrupt(): void {
  if (state.hearing !== undefined) Atomics.and(state.hearing.word, 0, ~BITS.interrupt);
}

/** @throws The reason of the actor's signal, if this thread has been asked to stop or was interrupted. */
export function checkStop(): void {
  if (state.hearing === undefined) return;
  const { word, heard } = state.hearing;
  const said = Atomics.load(word, 0);
  if (said === 0) return;
  forgetInterrupt();
  throw heard((said & BITS.stop) === 0 ? "interrupt" : "stop");
}
