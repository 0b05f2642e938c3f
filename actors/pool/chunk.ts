import type { Charge } from "../../channels/kernel/account.ts";
import { type Holder, Lease } from "../../channels/kernel/holder.ts";
import { releaseAll } from "../../channels/kernel/handle.ts";
import { drop, packPlain } from "../../channels/kernel/pack.ts";
import type { Packet } from "../../channels/kernel/packet.ts";
import { passAnswer } from "../../channels/kernel/relay.ts";
import type { Request } from "../../channels/kernel/request.ts";
import { type ChunkPlan, jobOf, ONE_BY_ONE } from "./chunk_plan.ts";
import { OVER, type Report } from "./report.ts";
import type { TaskName } from "./task_name.ts";

/** One piece of work at the pool's home, from when it is asked for until all is known that became of it. */
export class Chunk {
  readonly plan: ChunkPlan;
  readonly from: Holder;
  /** Kept until it is over: another worker may have to do it. */
  readonly body: Packet;
  /** What the present worker knows its first piece by, and where that began. */
  sequence = 0;
  givenAt = 0;
  /** How long the present worker will take for it. */
  expectedMs = 0;
  /** How many items are done with. */
  at = 0;
  /** How many there are; fewer than were asked for once some were given back. */
  end: number;
  /** How many items after that the present worker has in hand: they may have begun. */
  hand = 1;
  /** Told how many items the asker is given back. */
  onGiveBack: ((count: number) => void) | undefined;
  /** A worker has looked for its task in vain. */
  sought = false;
  /** Nobody wants what becomes of it. */
  cancelled = false;
  /** Nothing more is to be reported. */
  over = false;
  /** The items before this one may have begun in the first worker that died over it. */
  #doubtfulTo = 0;
  /** How many workers have died with this item in hand. */
  #losses = { at: -1, count: 0 };
  #request: Request | undefined;
  /** Reports that the asker has not fetched yet; the pool holds what is in them. */
  readonly #reports: { readonly body: Packet; readonly charge: Charge | undefined }[] = [];
  readonly #charge: Charge | undefined;
  #error: unknown;
  #lease: Lease | undefined;

  /** @param holder who holds what is in it: the pool */
  constructor(plan: ChunkPlan, request: Request, readonly holder: Holder, readonly onCancel: () => void) {
    this.plan = plan;
    this.from = request.from;
    this.body = request.body;
    this.end = plan.count;
    if (!this.single) this.#charge = request.takeCharge();
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

  get task(): TaskName {
    return this.plan.task;
  }

  get priority(): number {
    return this.plan.priority;
  }

  /** How many items are left. */
  get left(): number {
    return this.end - this.at;
  }

  /** Where the items end of the pieces up to that one of the present worker's. */
  endOf(sequence: number): number {
    const { piece } = this.plan;
    return Math.min(this.end, (Math.floor(this.givenAt / piece) + (sequence - this.sequence | 0) + 1) * piece);
  }

  /** Whether a worker can be given it a second time: what has moved to one is gone. */
  get repeatable(): boolean {
    return this.body.moved.length === 0;
  }

  /** Whether the asker still has something to fetch, or to wait for. */
  get unfinished(): boolean {
    return !this.cancelled && (!this.over || this.#reports.length > 0 || this.#error !== undefined);
  }

  /** How it is to be run now: once a worker has died over it, the next death is to cost one item alone. */
  get mode(): number {
    return this.#doubtfulTo > 0 ? this.plan.mode | ONE_BY_ONE : this.plan.mode;
  }

  /** The worker has died that had so many items in hand. Returns whether they are run again, as far as they may have begun. */
  retry(count: number): boolean {
    const { at, plan: { retries } } = this;
    if (retries === 0 || !this.repeatable) return false;
    // After the first death one item is in hand at a time.
    if (this.#losses.at !== at) this.#losses = { at, count: at < this.#doubtfulTo ? 1 : 0 };
    if (this.#doubtfulTo === 0) this.#doubtfulTo = at + count;
    return this.#losses.count++ < retries;
  }

  /** Answers a single call. */
  answer(outcome: "value" | "thrown", body: Packet): void {
    this.over = true;
    if (this.#request === undefined) drop(body, this.holder);
    else passAnswer(this.#request, this.holder, outcome, body);
  }

  /** Tells the asker what became of some items, or keeps it until that asks. */
  report(body: Packet, over: boolean): void {
    this.over ||= over;
    if (this.cancelled || this.#error !== undefined) return drop(body, this.holder);
    const request = this.#request;
    if (request === undefined) this.#keep(body);
    else this.#send(request, body);
  }

  /** Gives the asker back what comes from an item on. */
  giveBack(from: number): void {
    if (from >= this.end) return;
    this.onGiveBack?.(this.end - from);
    this.end = from;
    const report: Report = [[], null, false, 1, from];
    this.report(packPlain(report), false);
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
    const report = this.#reports.shift();
    report?.charge?.end();
    if (report !== undefined) this.#send(request, report.body);
    else if (this.#error !== undefined) {
      request.throw(this.#error);
      this.#error = undefined;
    } else if (!this.unfinished) request.reply(OVER);
    else this.#await(request);
  }

  /** Nobody wants to know any more. */
  cancel(): void {
    this.cancelled = true;
    this.#lease?.end();
    for (const { body, charge } of this.#reports.splice(0)) {
      charge?.end();
      drop(body, this.holder);
    }
    const request = this.#request;
    this.#request = undefined;
    if (this.single) return;
    if (request !== undefined) request.onCancel = undefined;
    request?.reply(OVER);
  }

  /** No worker needs it any more. */
  release(): void {
    releaseAll(this.body.passages, this.holder);
    this.#charge?.end();
    if (!this.unfinished) this.#lease?.end();
  }

  /** Keeps a report until the asker wants it. A stranger that has too many of them gets no more. */
  #keep(body: Packet): void {
    const { account } = this.from;
    const error = account?.noRoom(body.bytes.length);
    if (error === undefined) return void this.#reports.push({ body, charge: account?.charge(body.bytes.length) });
    releaseAll(body.passages, this.holder);
    this.over = true;
    this.#error = error;
  }

  #await(request: Request): void {
    this.#request = request;
    request.onCancel = this.onCancel;
  }

  #send(request: Request, body: Packet): void {
    this.#request = undefined;
    passAnswer(request, this.holder, "value", body);
    // Until the asker is back nothing else would tell of its death.
    if (this.unfinished) this.#lease ??= new Lease(this.from, this.onCancel);
    else this.#lease?.end();
  }
}
