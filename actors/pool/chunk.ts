import { type Holder, Lease } from "../../channels/kernel/holder.ts";
import { handOver } from "../../channels/kernel/pack.ts";
import { releaseAll } from "../../channels/kernel/handle.ts";
import type { Packet } from "../../channels/kernel/packet.ts";
import type { Request } from "../../channels/kernel/request.ts";

/** What is asked of a pool: one call, or some items of a map. */
export interface ChunkPlan {
  /** The task by module and name. */
  readonly task: string;
  readonly moduleUrl: string;
  /** The asker's number for all that belongs together; 0 for a single call. */
  readonly job: number;
  /** The index of its first item. */
  readonly first: number;
  readonly count: number;
  readonly priority: number;
  /** How often it may be moved to another worker after the death of one that had begun it. */
  readonly retries: number;
  /** `SPREAD`, `STOPS` and `STOPS_JOB`. */
  readonly mode: number;
}

/** Items are lists of arguments. */
export const SPREAD = 1;
/** Nothing more of a chunk is run after a failure. */
export const STOPS = 2;
/** Nor is anything more of its job begun. */
export const STOPS_JOB = 4;

/** One piece of work at the pool's home, from when it is asked for until all is known that became of it. */
export class Chunk {
  readonly plan: ChunkPlan;
  readonly from: Holder;
  /** Kept until it is over: another worker may have to do it. */
  readonly body: Packet;
  retries: number;
  /** What the present worker knows it by. */
  sequence = 0;
  /** How long the present worker will take for it. */
  expectedMs = 0;
  /** How many items are done with. */
  at = 0;
  /** How many items after that the present worker has in hand: they may have begun. */
  hand = 1;
  /** A worker has looked for its task in vain. */
  sought = false;
  /** Nobody wants what becomes of it. */
  cancelled = false;
  /** Nothing more is to be reported. */
  over = false;
  #request: Request | undefined;
  /** Reports that the asker has not fetched yet; the pool holds what is in them. */
  readonly #reports: Packet[] = [];
  #error: unknown;
  #lease: Lease | undefined;

  /** @param holder who holds what is in it: the pool */
  constructor(plan: ChunkPlan, request: Request, readonly holder: Holder, readonly onCancel: () => void) {
    this.plan = plan;
    this.from = request.from;
    this.body = request.body;
    this.retries = plan.retries;
    this.#await(request);
  }

  /** Whether it is a single call, which is answered with its result. */
  get single(): boolean {
    return this.plan.job === 0;
  }

  /** What it belongs to. */
  get job(): string {
    return jobOf(this.from, this.plan.job);
  }

  get task(): string {
    return this.plan.task;
  }

  get priority(): number {
    return this.plan.priority;
  }

  /** How many items are left. */
  get left(): number {
    return this.plan.count - this.at;
  }

  /** Whether a worker can be given it a second time: what has moved to one is gone. */
  get repeatable(): boolean {
    return this.body.moved.length === 0;
  }

  /** Whether the asker still has something to fetch, or to wait for. */
  get unfinished(): boolean {
    return !this.cancelled && (!this.over || this.#reports.length > 0 || this.#error !== undefined);
  }

  /** Answers a single call. */
  answer(outcome: "value" | "thrown", body: Packet): void {
    this.over = true;
    if (this.#request?.open) {
      handOver(body, this.holder, this.from);
      this.#request.settle(outcome, body);
    } else releaseAll(body.passages, this.holder);
  }

  /** Tells the asker what became of some items, or keeps it until that asks. */
  report(body: Packet, over: boolean): void {
    this.over ||= over;
    if (this.cancelled) return releaseAll(body.passages, this.holder);
    const request = this.#request;
    if (request === undefined) return void this.#reports.push(body);
    this.#send(request, body);
  }

  /** Tells the asker that none of what is left will be done. */
  fail(error: unknown): void {
    this.over = true;
    if (this.#request === undefined) this.#error = error;
    else this.#request.throw(error);
    this.#request = undefined;
  }

  /** The asker wants the next report. */
  fetch(request: Request): void {
    const body = this.#reports.shift();
    if (body !== undefined) this.#send(request, body);
    else if (this.#error !== undefined) {
      request.throw(this.#error);
      this.#error = undefined;
    } else if (!this.unfinished) request.reply([[], null, true]);
    else this.#await(request);
  }

  /** Nobody wants to know any more. */
  cancel(): void {
    this.cancelled = true;
    this.#lease?.end();
    for (const body of this.#reports.splice(0)) releaseAll(body.passages, this.holder);
    const request = this.#request;
    this.#request = undefined;
    if (this.single) return;
    if (request !== undefined) request.onCancel = undefined;
    request?.reply([[], null, true]);
  }

  /** No worker needs it any more. */
  release(): void {
    releaseAll(this.body.passages, this.holder);
    if (!this.unfinished) this.#lease?.end();
  }

  #await(request: Request): void {
    this.#request = request;
    request.onCancel = this.onCancel;
  }

  #send(request: Request, body: Packet): void {
    this.#request = undefined;
    handOver(body, this.holder, this.from);
    request.replyPacket(body);
    // Until the asker is back nothing else would tell of its death.
    if (this.unfinished) this.#lease ??= new Lease(this.from, this.onCancel);
    else this.#lease?.end();
  }
}

/** What names a job at the pool's home. */
export function jobOf({ isolate, slot }: Holder, job: number): string {
  return `${isolate}#${slot} ${job}`;
}
