import { isAbortError } from "../../channels/kernel/look.ts";
import type { Packet } from "../../channels/kernel/packet.ts";
import type { Actor } from "../actor.ts";
import { abortBridged } from "../bridge.ts";
import { Stop } from "../../channels/kernel/stop.ts";
import type { TaskContext } from "../context.ts";

/** One chunk at the worker that is to do it; its tasks' `current().signal`, too. */
export class Turn implements TaskContext {
  readonly sequence: number;
  /** The number of its task. */
  readonly task: number;
  /** Where to begin in it. */
  readonly at: number;
  /** Where it ends. */
  readonly end: number;
  /** How many of them may be begun before the pool is told. */
  readonly hand: number;
  /** How many of them belong together. */
  readonly piece: number;
  readonly mode: number;
  /** What its arguments have that lasts as long as it does. */
  readonly bridged: object[] = [];
  aborted = false;
  /** When its first item began. */
  begunAt = 0;
  /** Its pieces that have not begun are for others. */
  recalled = false;
  readonly #actor: Actor;
  #controller: AbortController | undefined;
  #signal: AbortSignal | undefined;
  #reason: DOMException | undefined;
  #nextStop: Stop | undefined;

  /** @param single whether it is a call, and not items of a map */
  constructor(actor: Actor, readonly single: boolean, detail: string, readonly body: Packet) {
    this.#actor = actor;
    const words = detail.split(" ");
    this.sequence = Number(words[0]);
    this.task = Number(words[1]);
    [this.at, this.end, this.hand, this.piece, this.mode] = single ? CALL : words.slice(2).map(Number);
  }

  /** Aborts when nobody wants the result any more, and when the worker is to end. */
  get signal(): AbortSignal {
    if (this.#signal !== undefined) return this.#signal;
    this.#controller = new AbortController();
    if (this.aborted) this.#controller.abort(this.#reason);
    return this.#signal = AbortSignal.any([this.#controller.signal, this.#actor.signal]);
  }

  /** It is no longer wanted. */
  abort(): void {
    // Told twice, it would end what the task waits for to clean up after the first time.
    if (this.aborted) return;
    this.aborted = true;
    this.#reason = new DOMException("The result of this task is no longer wanted", "AbortError");
    this.#nextStop?.come(this.#actor.holder, this.#reason);
    this.#controller?.abort(this.#reason);
    abortBridged(this.bridged, this.#reason);
  }

  get nextStop(): Stop {
    if (this.#nextStop === undefined || this.#nextStop.came) this.#nextStop = new Stop(this.#actor.nextStop);
    return this.#nextStop;
  }

  /** Whether an error only says that its signal was heeded. */
  isReason(error: unknown): boolean {
    if (!this.aborted) return false;
    return error === this.#reason || (this.#signal !== undefined && isAbortError(error));
  }
}

const CALL: readonly [number, number, number, number, number] = [0, 1, 1, 1, 0];
