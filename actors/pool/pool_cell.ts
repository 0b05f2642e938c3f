import { PoolClosedError } from "../../channels/errors.ts";
import { DISCARD } from "../../channels/kernel/ask.ts";
import { hasFewerRights } from "../../channels/kernel/address.ts";
import { Cell } from "../../channels/kernel/cell.ts";
import { oneLine } from "../../channels/kernel/escape.ts";
import { releaseAll } from "../../channels/kernel/handle.ts";
import { type Holder, Lease } from "../../channels/kernel/holder.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { holderOf } from "../../channels/kernel/relay.ts";
import { noSuchRequest, type Request } from "../../channels/kernel/request.ts";
import { findRegistration } from "../definition.ts";
import { isEnding } from "../program.ts";
import { Chunk } from "./chunk.ts";
import { type ChunkPlan, jobOf, planOfChunk, planOfRun, planOfRunWith } from "./chunk_plan.ts";
import type { Crew } from "./crew.ts";
import { Dispatcher, type Employer } from "./dispatcher.ts";
import { OVER } from "./report.ts";
import { moduleOf, nameOf, type TaskName } from "./task_name.ts";

/** Says with a request to close that what has not begun is not to be done. */
export const CANCEL_PENDING = "cancel-pending";

/** The lease of a handle to a pool. */
export const POOL = "pool";

/** For so many tasks it is kept what a call of them asks for. */
const KNOWN_CALLS = 1000;

/** The home of a pool: what is asked of it, and who still waits for what. */
export class PoolCell extends Cell implements Employer {
  readonly #name: string;
  readonly #dispatcher: Dispatcher;
  /** What is asked for in more than one go. */
  readonly #chunks = new Map<string, Chunk>();
  /** The calls that their askers may take back. */
  readonly #submitted = new Map<string, Chunk>();
  readonly #joiners = new Set<Request>();
  /** The jobs of which more is to come, also when the pool is closed. */
  readonly #unfinished = new Map<string, { missing: number; readonly lease: Lease }>();
  /** The tasks that somebody with the rights of its home has given it. */
  readonly #given = new Set<TaskName>();
  /** What calls without options ask for, made once for each task. */
  readonly #calls = new Map<TaskName, ChunkPlan>();
  #open = true;
  #faceIsGone = false;

  constructor(crew: Crew) {
    super();
    this.#name = crew.name;
    this.#dispatcher = new Dispatcher(crew, this);
  }

  get holder(): Holder {
    return holderOf(this);
  }

  override takesCast(verb: string): boolean {
    return verb === "abort";
  }

  receive(request: Request): void {
    const { verb } = request;
    switch (verb) {
      case "run":
        return this.#add(request, this.#planOfCall(request.detail));
      case "runWith":
        return this.#add(request, planOfRunWith(request.detail));
      case "chunk":
        return this.#add(request, planOfChunk(request.detail, request.body));
      case "more":
        return this.#more(request);
      case "abort":
        return this.#abort(request);
      case "start":
        void this.#start(request);
        return;
      case "withdraw":
        return this.#withdraw(request);
      case "close":
        if (request.detail === CANCEL_PENDING) this.#cancelPending();
        this.close();
        return request.reply();
      case "join":
        return this.#join(request);
      case "terminate":
        void this.terminate().then(() => request.reply());
        return;
      case "room":
        return this.#dispatcher.room(request, true);
      case "hasRoom":
        return this.#dispatcher.room(request, false);
      case "stats":
        return request.reply(this.#dispatcher.stats());
      case DISCARD:
        return releaseAll(request.body.passages, this.holder);
      default:
        request.throw(noSuchRequest("a pool", verb));
    }
  }

  /** Takes nothing new; what was given is done, and then the workers end. */
  close(): void {
    this.#open = false;
    this.#dispatcher.close();
  }

  /** Drops everything, and ends the workers at once. */
  async terminate(): Promise<void> {
    this.#open = false;
    for (const job of [...this.#unfinished.keys()]) this.#endJob(job);
    await this.#dispatcher.terminate(`${this.#name} was terminated`);
  }

  get awaitsMore(): boolean {
    return this.#unfinished.size > 0;
  }

  override returned(kind: string): void {
    if (kind === POOL) this.#closeIfForgotten();
  }

  /** The face that made it was collected. */
  forgotten(): void {
    this.#faceIsGone = true;
    this.#closeIfForgotten();
  }

  dropped(chunk: Chunk): void {
    if (chunk.plan.call > 0) this.#submitted.delete(jobOf(chunk.from, chunk.plan.call));
    if (chunk.single || chunk.unfinished) return;
    this.#chunks.delete(keyOf(chunk.from, chunk.plan.job, chunk.plan.first));
  }

  makerEnded(): void {
    void this.terminate();
  }

  over(): void {
    for (const request of this.#joiners) request.reply();
    this.#joiners.clear();
  }

  #planOfCall(task: TaskName): ChunkPlan {
    const known = this.#calls.get(task);
    if (known !== undefined) return known;
    const plan = planOfRun(task);
    // What a stranger asks for may be no task, and of any length.
    if (this.#given.has(task)) {
      if (this.#calls.size >= KNOWN_CALLS) this.#calls.clear();
      this.#calls.set(task, plan);
    }
    return plan;
  }

  #add(request: Request, plan: ChunkPlan | undefined): void {
    if (plan === undefined) return this.#refuse(request, new TypeError("Cannot run items: what they are is not said"));
    // Without an asker there is nobody to refuse, or to tell of the outcome.
    if (request.asker === undefined) return releaseAll(request.body.passages, this.holder);
    const job = plan.job === 0 ? undefined : jobOf(request.from, plan.job);
    if (!this.#open && (job === undefined || !this.#unfinished.has(job))) {
      return this.#refuse(request, new PoolClosedError(`Cannot run a task: ${this.#name} is closed`));
    }
    if (!this.#mayRun(plan, request.from)) {
      const why = `${this.#name} runs for those with fewer rights only what its own side has registered, or given it`;
      const what = `${oneLine(nameOf(plan.task))} of ${oneLine(moduleOf(plan.task))}`;
      return this.#refuse(request, new TypeError(`Cannot run ${what}: ${why}`));
    }
    const chunk: Chunk = new Chunk(plan, request, this.holder, () => this.#dispatcher.cancel(chunk));
    if (plan.call > 0) this.#submitted.set(jobOf(request.from, plan.call), chunk);
    if (job !== undefined) {
      this.#chunks.set(keyOf(request.from, plan.job, plan.first), chunk);
      if (plan.total > 0) {
        this.#expect(job, request.from, plan.total, -plan.count);
        chunk.onGiveBack = (count) => this.#expect(job, request.from, 0, count);
      }
    }
    this.#dispatcher.add(chunk);
  }

  #refuse(request: Request, error: Error): void {
    releaseAll(request.body.passages, this.holder);
    request.throw(error);
  }

  /** A sandbox or another program that has the pool's handle does not thereby choose the code that is imported here. */
  #mayRun({ task }: ChunkPlan, from: Holder): boolean {
    if (this.#given.has(task)) return true;
    if (hasFewerRights(from.isolate, isolate.id)) {
      return findRegistration(moduleOf(task), nameOf(task))?.kind === "task";
    }
    this.#given.add(task);
    return true;
  }

  /** Changes by `more` how many items of a job are to come: of a job that is not known yet, `total` are. */
  #expect(job: string, from: Holder, total: number, more: number): void {
    const known = this.#unfinished.get(job);
    const missing = (known?.missing ?? total) + more;
    if (missing <= 0) return this.#endJob(job);
    if (known !== undefined) known.missing = missing;
    else this.#unfinished.set(job, { missing, lease: new Lease(from, () => this.#endJob(job)) });
  }

  /** Nothing more of a job is to come. */
  #endJob(job: string): void {
    const known = this.#unfinished.get(job);
    if (known === undefined) return;
    this.#unfinished.delete(job);
    known.lease.end();
    if (!this.#open) this.#dispatcher.settle();
  }

  /** The asker takes back a call that has not begun. */
  #withdraw(request: Request): void {
    const chunk = this.#submitted.get(jobOf(request.from, Number(request.detail)));
    request.reply(chunk !== undefined && this.#dispatcher.withdraw(chunk));
  }

  /** Sees that no chunk begins any more. */
  #cancelPending(): void {
    this.#open = false;
    // Items that a worker gives back are not given to another.
    for (const chunk of this.#chunks.values()) chunk.onGiveBack = undefined;
    for (const job of [...this.#unfinished.keys()]) this.#endJob(job);
    this.#dispatcher.cancelPending(`${this.#name} was closed, and this cancelled`);
  }

  #more(request: Request): void {
    const [job, first] = request.detail.split(" ").map(Number);
    const key = keyOf(request.from, job, first);
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return request.reply(OVER);
    chunk.fetch(request);
    if (!chunk.unfinished) this.#chunks.delete(key);
  }

  /** Nothing of a job is begun any more; from the index on nobody waits for what has begun. */
  #abort(request: Request): void {
    const [job, index] = request.detail.split(" ").map(Number);
    const aborted = jobOf(request.from, job);
    // Items that a worker gives back are not given to another.
    for (const chunk of this.#chunks.values()) if (chunk.job === aborted) chunk.onGiveBack = undefined;
    this.#dispatcher.abort(aborted, index);
    this.#endJob(aborted);
  }

  async #start(request: Request): Promise<void> {
    if (!this.#open) return request.throw(new PoolClosedError(`Cannot start ${this.#name}: it is closed`));
    try {
      await this.#dispatcher.startAll();
      request.reply();
    } catch (error) {
      request.throw(error);
    }
  }

  #join(request: Request): void {
    if (this.#open) {
      return request.throw(new TypeError(`Cannot join ${this.#name}: it is open; close or terminate it first`));
    }
    this.#joiners.add(request);
    request.onCancel = () => void this.#joiners.delete(request);
    this.#dispatcher.settle();
  }

  #closeIfForgotten(): void {
    if (!this.#faceIsGone || this.holdersOf(POOL) > 0 || !this.#open) return;
    if (this.#dispatcher.hasWorkers && !isEnding()) {
      console.warn(`${this.#name} was never closed; nobody has it any more, so it ends`);
    }
    this.close();
  }
}

function keyOf(from: Holder, job: number, first: number): string {
  return `${jobOf(from, job)} ${first}`;
}
