import { type IsolateId, isWithin } from "../kernel/address.ts";
import { isolate } from "../kernel/isolate.ts";
import { singleton } from "../kernel/singleton.ts";

/** What a thread is told that may be blocked, and hear no message. */
export type StopReason = "stop" | "interrupt";

/** The bits of the first word. */
const BITS: Readonly<Record<StopReason, number>> = { interrupt: 1, stop: 2 };
const REASONS = 0;
/** The number of the wait that nobody can end any more, since who should is gone. */
const LOST = 1;
const WORDS = 2;

/** What a blocked thread and whoever started it do for each other. */
export interface Hearing {
  /** Does what the message will ask for that is on its way, and gives what to throw. */
  heard(reason: StopReason): unknown;
  /** Asks to be told when an isolate is gone, in the course of that wait. */
  watch(home: IsolateId, wait: number): void;
}

interface State {
  word: Int32Array<SharedArrayBuffer> | undefined;
  hearing: Hearing | undefined;
  lastWait: number;
}

const state: State = singleton("stop-word", () => ({ word: undefined, hearing: undefined, lastWait: 0 }));

/** The memory of a word. */
export function makeStopWord(): SharedArrayBuffer {
  return new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
}

/** Tells the thread that has this memory to stop blocking. */
export function raiseStopWord(memory: SharedArrayBuffer, reason: StopReason): void {
  Atomics.or(new Int32Array(memory), REASONS, BITS[reason]);
}

/** Tells the thread that has this memory that nobody will end that wait. */
export function loseWait(memory: SharedArrayBuffer, wait: number): void {
  Atomics.store(new Int32Array(memory), LOST, wait);
}

/** From now on this thread looks at `memory` when it blocks. */
export function hearStopWord(memory: SharedArrayBuffer, hearing: Hearing): void {
  state.word = new Int32Array(memory);
  state.hearing = hearing;
}

/** An interrupt has been heard of. (A stop lasts: what blocks after it is stopped, too.) */
export function forgetInterrupt(): void {
  if (state.word !== undefined) Atomics.and(state.word, REASONS, ~BITS.interrupt);
}

/** This thread is about to block until somebody in another isolate ends that. Gives the number of this wait. */
export function beginBlocking(home: IsolateId): number {
  state.lastWait = (state.lastWait + 1) | 0 || 1;
  // Those above do not go without this one.
  if (!isWithin(isolate.id, home)) state.hearing?.watch(home, state.lastWait);
  return state.lastWait;
}

/** Whether nobody will end a wait any more. */
export function isLost(wait: number): boolean {
  return state.word !== undefined && Atomics.load(state.word, LOST) === wait;
}

/** @throws The reason of the actor's signal, if this thread has been asked to stop or was interrupted. */
export function checkStop(): void {
  if (state.word === undefined) return;
  const said = Atomics.load(state.word, REASONS);
  if (said === 0) return;
  forgetInterrupt();
  throw state.hearing!.heard((said & BITS.stop) === 0 ? "interrupt" : "stop");
}
