import type { Exit } from "../channels/exit.ts";
import { ActorExitedError, TimeoutError } from "../channels/errors.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import { ask, askFor } from "../channels/kernel/ask.ts";
import type { Question } from "../channels/kernel/question.ts";
import type { Settler, Waiter } from "../channels/kernel/awaited.ts";
import { isCell, type Target } from "../channels/kernel/cell.ts";
import type { Holder } from "../channels/kernel/holder.ts";
import { isA } from "../channels/kernel/look.ts";
import { destinationOf, LIST, pack, unpack } from "../channels/kernel/pack.ts";
import { EMPTY_PACKET, type Packet, packetWith } from "../channels/kernel/packet.ts";
import { Snapshot } from "../channels/kernel/snapshot.ts";
import { type Patience, patienceOf } from "../channels/kernel/wait.ts";
import { Bridges } from "./bridge.ts";
import { CallResult } from "./call_result.ts";
import type { Contact } from "./contact.ts";
import { actorExited } from "./exited.ts";
import { outboxOf } from "./outbox.ts";
import type { CallOptions } from "./ref.ts";
import { StreamReader } from "./stream.ts";
import { type Tracing, tracing } from "./tracing.ts";

/** Calls last this long unless the caller says otherwise. */
const USUALLY: Patience = { timeoutMs: 5000, once: false, signal: undefined };

/** The options of a call that has none. */
export const NO_OPTIONS: CallOptions = {};

/** The arguments for an actor of this isolate, where they are plain data and there is no trace to be carried with them. */
export function snapshotFor(
  target: Target,
  args: readonly unknown[],
  transfer: CallOptions["transfer"],
): Snapshot | undefined {
  return isCell(target) && transfer === undefined && tracing === undefined ? Snapshot.of(args, true) : undefined;
}

/** A call: the question that it asks, as often as it may, and what each way it can end means to the caller. */
export class Calling implements Question {
  readonly verb = "call";
  readonly holder: Holder = whoActs.holder();
  readonly result: CallResult;
  wait: Patience = USUALLY;
  body: Packet = EMPTY_PACKET;
  gate: Question["gate"];
  readonly #contact: Contact;
  readonly #options: CallOptions;
  #target: Target;
  /** Most calls have nothing that lasts as long as they do. */
  #bridges: Bridges | undefined;

  constructor(contact: Contact, readonly detail: string, args: readonly unknown[], options: CallOptions) {
    this.#contact = contact;
    this.#options = options;
    this.#target = contact.target;
    this.result = new CallResult(this);
    this.#ask(args);
  }

  /** What is called, as people read it. */
  get title(): string {
    return `${this.#contact.name}.${this.detail}`;
  }

  /** What bounds the wait for each item of a generator. */
  get perItem(): Patience | undefined {
    const { timeoutMs, signal } = this.#options;
    if (timeoutMs === undefined && signal === undefined) return undefined;
    return { timeoutMs: timeoutMs ?? Infinity, once: false, signal };
  }

  lost(exit: Exit | undefined): Error {
    this.#contact.missed(this.#target);
    return this.#exited(exit);
  }

  late(timeoutMs: number): Error {
    return new TimeoutError(`Cannot call ${this.title}: no answer came in ${timeoutMs} ms`, { timeoutMs });
  }

  waiters(): readonly Waiter[] {
    return this.result.waiters;
  }

  /** The answer is a stream: it ends as the actor does that yields it. */
  streams(reader: StreamReader): void {
    reader.lost = (exit) => this.#exited(this.#contact.endedWithIsolate ?? exit);
  }

  #exited(exit: Exit | undefined): Error {
    const { name, address } = this.#contact;
    return actorExited(`call ${this.title}`, name, address, exit ?? this.#contact.exit);
  }

  /** The answer is there: the call's bridges close now, or at the end of the answer if that is a stream. */
  over(answer?: unknown): void {
    const bridges = this.#bridges;
    if (answer instanceof StreamReader) answer.onEnd = () => bridges?.close();
    else bridges?.close();
  }

  #ask(args: readonly unknown[]): void {
    try {
      if (this.#options !== NO_OPTIONS) this.wait = patienceOf(`call ${this.title}`, this.#options, USUALLY.timeoutMs);
      if (this.wait.once) throw this.late(this.wait.timeoutMs);
      const { retries = 0 } = this.#options;
      if (retries > 0) settleAs(this.#attempts(retries, args), this.result);
      else this.#attempt(args, this.result);
    } catch (error) {
      this.result.reject(error);
    }
  }

  /** Asks once. */
  #attempt(args: readonly unknown[], result: Settler): void {
    const target = this.#target = this.#contact.target;
    this.gate = isCell(target) ? undefined : outboxOf(target);
    const { transfer } = this.#options;
    this.body = snapshotFor(target, args, transfer) ??
      pack(args, "args", destinationOf(target), {
        isList: true,
        transfer,
        bridge: (object) => (this.#bridges ??= new Bridges()).bridge(object),
      });
    if (tracing === undefined) askFor(result, target, this);
    else settleAs(this.#traced(tracing, target), result);
  }

  /** Asks again, with the same arguments, each time that the actor died before it answered. */
  async #attempts(retries: number, args: readonly unknown[]): Promise<unknown> {
    const { wait, holder } = this;
    const snapshot = unpack(pack(args, "args", holder, LIST), holder) as unknown[];
    const deadline = performance.now() + wait.timeoutMs;
    for (let left = retries;; left--) {
      try {
        this.wait = { ...wait, timeoutMs: Math.max(1, deadline - performance.now()) };
        const answer = Promise.withResolvers<unknown>();
        this.#attempt(snapshot, answer);
        return await answer.promise;
      } catch (error) {
        const contact = this.#contact;
        const died = isA(error, ActorExitedError) && error.address === contact.address;
        if (!died || left <= 0 || contact.exit !== undefined) throw error;
      }
    }
  }

  /** Asks, and notes in the trace that it does, and what came of it. */
  async #traced(tracing: Tracing, target: Target): Promise<unknown> {
    const sent = tracing.sent(this.title, this.#contact.address, "calls");
    this.body = packetWith(this.body, { trace: sent.trace });
    try {
      const answer = await ask(target, this);
      sent.end();
      return answer;
    } catch (thrown) {
      sent.end({ thrown });
      throw thrown;
    }
  }
}

function settleAs(answer: Promise<unknown>, result: Settler): void {
  void answer.then((value) => result.resolve(value), (error) => result.reject(error));
}
