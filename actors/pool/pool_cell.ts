import { PoolClosedError } from "../../channels/errors.ts";
import { DISCARD } from "../../channels/kernel/ask.ts";
import { isForeign } from "../../channels/kernel/address.ts";
import { Cell } from "../../channels/kernel/cell.ts";
import { releaseAll } from "../../channels/kernel/handle.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import { holderOf } from "../../channels/kernel/relay.ts";
import type { Request } from "../../channels/kernel/request.ts";
import { findRegistration } from "../definition.ts";
import { isEnding } from "../program.ts";
import { Chunk, type ChunkPlan, jobOf } from "./chunk.ts";
import type { Crew } from "./crew.ts";
import { type Employer, Workforce } from "./workforce.ts";

/** The lease of a handle to a pool. */
export const POOL = "pool";

/** The home of a pool: what is asked of it, and who still waits for what. */
export class PoolCell extends Cell implements Employer {
  readonly #name: string;
  readonly #workforce: Workforce;
  /** What is asked for in more than one go. */
  readonly #chunks = new Map<string, Chunk>();
  readonly #joiners = new Set<Request>();
  /** The tasks that somebody of this program has given it. */
  readonly #given = new Set<string>();
  #open = true;
  #faceIsGone = false;

  constructor(crew: Crew) {
    super();
    this.#name = crew.name;
    this.#workforce = new Workforce(crew, this);
  }

  get holder(): Holder {
    return holderOf(this);
  }

  receive(request: Request): void {
    const { verb } = request;
    switch (verb) {
      case "run":
      case "chunk":
        return this.#add(request);
      case "more":
        return this.#more(request);
      case "abort":
        return this.#abort(request);
      case "start":
        void this.#start(request);
        return;
      case "close":
        this.close();
        return request.reply();
      case "join":
        return this.#join(request);
      case "terminate":
        void this.terminate().then(() => request.reply());
        return;
      case "stats":
        return request.reply(this.#workforce.stats());
      case DISCARD:
        return releaseAll(request.body.passages, this.holder);
      default:
        request.throw(new TypeError(`Cannot ask a pool: no such request as "${verb}"`));
    }
  }

  /** Takes nothing new; what was given is done, and then the workers end. */
  close(): void {
    this.#open = false;
    this.#workforce.close();
  }

  /** Drops everything, and ends the workers at once. */
  async terminate(): Promise<void> {
    this.#open = false;
    await this.#workforce.terminate(new PoolClosedError(`Cannot finish: ${this.#name} was terminated`));
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

  #add(request: Request): void {
    const plan = request.verb === "run" ? planOfRun(request.detail) : planOfChunk(request.detail);
    if (!this.#open) {
      releaseAll(request.body.passages, this.holder);
      return request.throw(new PoolClosedError(`Cannot run a task: ${this.#name} is closed`));
    }
    if (!this.#mayRun(plan, request.from)) {
      releaseAll(request.body.passages, this.holder);
      const why = `${this.#name} runs for another program only what its own has registered there, or given it`;
      return request.throw(new TypeError(`Cannot run ${plan.task} of ${plan.moduleUrl}: ${why}`));
    }
    const chunk: Chunk = new Chunk(plan, request, this.holder, () => this.#workforce.cancel(chunk));
    if (!chunk.single) this.#chunks.set(keyOf(request.from, plan.job, plan.first), chunk);
    this.#workforce.add(chunk);
  }

  /** Who has a pool's handle, in another program perhaps, does not thereby choose the code that is imported here. */
  #mayRun({ moduleUrl, task }: ChunkPlan, from: Holder): boolean {
    const key = `${task} of ${moduleUrl}`;
    if (!isForeign(from.isolate)) this.#given.add(key);
    return this.#given.has(key) || findRegistration(moduleUrl, task) !== undefined;
  }

  #more(request: Request): void {
    const [job, first] = request.detail.split(" ").map(Number);
    const key = keyOf(request.from, job, first);
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return request.reply([[], null, true]);
    chunk.fetch(request);
    if (!chunk.unfinished) this.#chunks.delete(key);
  }

  /** Nothing of a job is begun any more; from the index on nobody waits for what has begun. */
  #abort(request: Request): void {
    const [job, index] = request.detail.split(" ").map(Number);
    this.#workforce.abort(jobOf(request.from, job), index);
  }

  async #start(request: Request): Promise<void> {
    if (!this.#open) return request.throw(new PoolClosedError(`Cannot start ${this.#name}: it is closed`));
    try {
      await this.#workforce.startAll();
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
    this.#workforce.settle();
  }

  #closeIfForgotten(): void {
    if (!this.#faceIsGone || this.holdersOf(POOL) > 0 || !this.#open) return;
    if (this.#workforce.exists && !isEnding()) {
      console.warn(`${this.#name} was never closed; nobody has it any more, so it ends`);
    }
    this.close();
  }
}

function keyOf(from: Holder, job: number, first: number): string {
  return `${jobOf(from, job)} ${first}`;
}

function planOfRun(detail: string): ChunkPlan {
  const [priority, retries, moduleUrl] = detail.split(" ", 3);
  const task = detail.slice(priority.length + retries.length + 2);
  const numbers = { priority: Number(priority), retries: Number(retries) };
  return { task, moduleUrl, job: 0, first: 0, count: 1, mode: 0, ...numbers };
}

function planOfChunk(detail: string): ChunkPlan {
  const words = detail.split(" ", 5);
  const [job, first, count, mode] = words.map(Number);
  const task = detail.slice(words.slice(0, 4).join(" ").length + 1);
  return { task, moduleUrl: words[4], job, first, count, mode, priority: 0, retries: 0 };
}
