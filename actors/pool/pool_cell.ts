import { PoolClosedError } from "../../channels/errors.ts";
import { type Exit, PARENT_GONE } from "../../channels/exit.ts";
import { DISCARD } from "../../channels/kernel/ask.ts";
import { Cell } from "../../channels/kernel/cell.ts";
import { releaseAll } from "../../channels/kernel/handle.ts";
import { type Holder, Lease } from "../../channels/kernel/holder.ts";
import { holderOf } from "../../channels/kernel/relay.ts";
import type { Request } from "../../channels/kernel/request.ts";
import { actorExited } from "../exited.ts";
import { isEnding } from "../program.ts";
import { RestartCounter } from "../supervision/restart_policy.ts";
import { Backlog } from "./backlog.ts";
import { Chunk, type ChunkPlan, STOPS } from "./chunk.ts";
import type { Crew } from "./crew.ts";
import { AHEAD_MS, Pace } from "./pace.ts";
import { asItArrives, packReports } from "./report.ts";
import type { Station, StationOwner } from "./station.ts";

/** The lease of a handle to a pool. */
export const POOL = "pool";

/** What a pool has done and is doing. */
export interface PoolStats {
  /** How many workers it has at most. */
  readonly size: number;
  /** How many live, those that are starting included. */
  readonly workers: number;
  /** How many of them have something to do. */
  readonly busy: number;
  /** Calls and chunks that no worker has yet. */
  readonly queued: number;
  /** Calls and items that were done, those that failed included. */
  readonly done: number;
  /** Calls and items that threw, or were lost with their worker. */
  readonly failed: number;
  /** How many workers have been started since the pool was made. */
  readonly started: number;
}

/** After the death of a worker that had done nothing: another takes its place at once only so often. */
const IDLE_DEATHS = {
  maxRestarts: 3,
  withinMs: 5000,
  backoff: { minMs: 0, maxMs: 0, factor: 1, jitter: 0 },
};
/** After a start that failed, while other workers live: no further one is tried for so long, and longer each time. */
const FIRST_PAUSE_MS = 100;
const MOST_PAUSE_MS = 10_000;

/** The home of a pool: what is to be done, and the stations of those who do it. */
export class PoolCell extends Cell implements StationOwner {
  readonly #crew: Crew;
  readonly #backlog = new Backlog();
  readonly #pace = new Pace();
  readonly #stations = new Set<Station>();
  /** Those that are ending in order, and take nothing more. */
  readonly #leaving = new Set<Station>();
  /** What is asked for in more than one go. */
  readonly #chunks = new Map<string, Chunk>();
  readonly #joiners = new Set<Request>();
  readonly #idleDeaths = new RestartCounter(IDLE_DEATHS);
  #state: "open" | "closing" | "over" = "open";
  #started = 0;
  #done = 0;
  #failed = 0;
  #pauseMs = 0;
  #pausedUntil = 0;
  /** The maker's, by whose end the pool ends. */
  #lease: Lease | undefined;
  #faceIsGone = false;

  constructor(crew: Crew) {
    super();
    this.#crew = crew;
  }

  /** Who holds what is in the arguments and results that are here. */
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
        void this.#startAll(request);
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
        return request.reply(this.#stats());
      case DISCARD:
        return releaseAll(request.body.passages, this.holder);
      default:
        request.throw(new TypeError(`Cannot ask a pool: no such request as "${verb}"`));
    }
  }

  /** Takes nothing new; what was given is done, and then the workers end. */
  close(): void {
    if (this.#state === "open") this.#state = "closing";
    this.#feed();
  }

  /** Drops everything, and ends the workers at once. */
  async terminate(): Promise<void> {
    this.#state = "closing";
    const error = new PoolClosedError(`Cannot finish: ${this.#crew.name} was terminated`);
    this.#failAll(error);
    for (const station of this.#stations) {
      for (const chunk of station.chunks.clear()) this.#fail(chunk, error);
    }
    await Promise.all([...this.#stations, ...this.#leaving].map((station) => station.kill()));
    this.#settle();
  }

  override returned(kind: string): void {
    if (kind === POOL) this.#abandonIfForgotten();
  }

  /** The face that made it was collected. */
  forgotten(): void {
    this.#faceIsGone = true;
    this.#abandonIfForgotten();
  }

  done(station: Station, chunk: Chunk, count: number, failed: number, ms: number): void {
    this.#done += count;
    this.#failed += failed;
    this.#pace.note(chunk.task, count, ms);
    if (!chunk.over) return;
    this.#drop(chunk);
    if (station.chunks.size === 0 && station.given >= this.#crew.maxTasksPerWorker) this.#retire(station);
    this.#feed();
  }

  unknown(station: Station, chunk: Chunk): void {
    // Its successor imports the module before anything else, which takes no permission.
    for (const later of [...station.chunks.clear()].reverse()) this.#return(later);
    this.#return(chunk);
    this.#retire(station);
    this.#feed();
  }

  ended(station: Station, exit: Exit): void {
    const wasLeaving = this.#leaving.delete(station);
    this.#stations.delete(station);
    const [begun, ...waiting] = station.chunks.clear();
    for (const chunk of waiting.reverse()) this.#return(chunk, station, exit);
    if (begun !== undefined) this.#lost(begun, station, exit);
    const worked = station.given > 0 || this.#idleDeaths.next({ failures: 0 }, 0) !== undefined;
    const wanted = !wasLeaving && this.#state === "open" && worked && isAccident(exit);
    if (wanted) void this.#hire().catch(() => {});
    this.#feed();
  }

  #add(request: Request): void {
    const plan = request.verb === "run" ? planOfRun(request.detail) : planOfChunk(request.detail);
    if (this.#state !== "open") {
      releaseAll(request.body.passages, this.holder);
      return request.throw(new PoolClosedError(`Cannot run a task: ${this.#crew.name} is closed`));
    }
    this.#crew.modules.add(plan.moduleUrl);
    const chunk: Chunk = new Chunk(plan, request, this.holder, () => this.#cancel(chunk));
    if (!chunk.single) this.#chunks.set(keyOf(request.from, plan.job, plan.first), chunk);
    this.#backlog.push(chunk);
    this.#feed();
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
    const { isolate, slot } = request.from;
    const isMeant = ({ from, plan }: Chunk) => plan.job === job && from.slot === slot && from.isolate === isolate;
    for (const chunk of this.#backlog.clear(isMeant)) {
      chunk.cancel();
      chunk.over = true;
      this.#drop(chunk);
    }
    for (const station of this.#stations) {
      for (const chunk of [...station.chunks].filter(isMeant)) {
        if (chunk.plan.first > index) chunk.cancel();
        station.abort(chunk);
      }
    }
    this.#feed();
  }

  #cancel(chunk: Chunk): void {
    chunk.cancel();
    if (this.#backlog.remove(chunk)) {
      chunk.over = true;
      this.#drop(chunk);
      return this.#feed();
    }
    for (const station of this.#stations) if ([...station.chunks].includes(chunk)) return station.abort(chunk);
  }

  /** Gives what waits to who can take it, and sees that there are enough of those. */
  #feed(): void {
    for (let chunk = this.#backlog.peek(); chunk !== undefined; chunk = this.#backlog.peek()) {
      const station = this.#freest(chunk);
      if (station === undefined) break;
      this.#backlog.shift();
      try {
        station.give(chunk, chunk.single ? 1 : this.#pace.hand(chunk.task));
      } catch (error) {
        this.#fail(chunk, error);
      }
    }
    this.#grow();
    if (this.#state === "closing") this.#settle();
  }

  /** An idle worker; else one that will be through with all that it has before it could have asked for more. */
  #freest(chunk: Chunk): Station | undefined {
    const { maxTasksPerWorker } = this.#crew;
    const expected = (chunk: Chunk) => this.#pace.expect(chunk.task, chunk.left);
    let freest: Station | undefined;
    let least = AHEAD_MS - expected(chunk);
    for (const station of this.#stations) {
      if (!station.ready || station.given >= maxTasksPerWorker) continue;
      if (station.chunks.size === 0) return station;
      if (least < 0) continue;
      const load = station.load(expected);
      if (load >= least) continue;
      least = load;
      freest = station;
    }
    return freest;
  }

  #grow(): void {
    let starting = 0;
    for (const station of this.#stations) if (!station.ready) starting++;
    while (this.#backlog.size > starting && this.#stations.size < this.#crew.size) {
      if (this.#stations.size > 0 && performance.now() < this.#pausedUntil) return;
      void this.#hire().catch(() => {});
      starting++;
    }
  }

  /** Starts another worker. Rejects if it cannot be. */
  async #hire(): Promise<void> {
    let station: Station | undefined;
    try {
      station = this.#crew.prepare(this);
      this.#stations.add(station);
      this.#lease ??= new Lease(this.#crew.maker.holder, () => void this.terminate());
      this.#started++;
      await this.#crew.start(station);
      this.#pauseMs = 0;
    } catch (error) {
      if (station !== undefined) this.#stations.delete(station);
      this.#pauseMs = Math.min(MOST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
      this.#pausedUntil = performance.now() + this.#pauseMs;
      if (this.#stations.size === 0) {
        // Whose module it was is not known; each comes back with the next of its tasks.
        this.#crew.forgetModules();
        this.#failAll(error);
      }
      throw error;
    } finally {
      this.#feed();
    }
  }

  async #startAll(request: Request): Promise<void> {
    if (this.#state !== "open") {
      return request.throw(new PoolClosedError(`Cannot start ${this.#crew.name}: it is closed`));
    }
    const missing = this.#crew.size - this.#stations.size;
    const outcomes = await Promise.allSettled(Array.from({ length: missing }, () => this.#hire()));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return request.reply();
    for (const station of this.#stations) if (station.chunks.size === 0) this.#retire(station);
    await Promise.all([...this.#leaving].map((station) => station.contact.exited));
    request.throw(failed.reason);
  }

  /** A worker that has done its share ends, and another takes its place. */
  #retire(station: Station): void {
    this.#stations.delete(station);
    this.#leaving.add(station);
    station.ready = false;
    void station.stop();
    if (station.given >= this.#crew.maxTasksPerWorker && this.#state === "open") void this.#hire().catch(() => {});
  }

  #join(request: Request): void {
    if (this.#state === "open") {
      return request.throw(new TypeError(`Cannot join ${this.#crew.name}: it is open; close or terminate it first`));
    }
    this.#joiners.add(request);
    request.onCancel = () => void this.#joiners.delete(request);
    this.#settle();
  }

  /** Ends what has nothing to do any more, once nothing new can come. */
  #settle(): void {
    if (this.#backlog.size > 0) return;
    for (const station of this.#stations) if (station.ready && station.chunks.size === 0) this.#retire(station);
    if (this.#stations.size > 0 || this.#leaving.size > 0) return;
    this.#state = "over";
    this.#lease?.end();
    for (const request of this.#joiners) request.reply();
    this.#joiners.clear();
  }

  /** The worker that had begun a chunk is dead. */
  #lost(chunk: Chunk, station: Station, exit: Exit): void {
    if (chunk.cancelled) return this.#drop(chunk);
    const { name, address } = station.contact;
    const error = () => actorExited(`run ${nameOf(chunk)}`, name, address, exit);
    if (chunk.single) {
      if (chunk.retries-- > 0 && chunk.repeatable) return this.#return(chunk);
      this.#done++;
      this.#failed++;
      return this.#fail(chunk, error());
    }
    const count = Math.min(chunk.hand, chunk.left);
    this.#done += count;
    this.#failed += count;
    chunk.at += count;
    const over = chunk.left === 0 || (chunk.plan.mode & STOPS) !== 0 || !chunk.repeatable;
    const values = Array.from({ length: count }, () => asItArrives(error()));
    for (const { body, over: last } of packReports(values, [...values.keys()], over, this.holder)) {
      chunk.report(body, last);
    }
    if (over) this.#drop(chunk);
    else this.#return(chunk);
  }

  /** Another worker is to do what is left of a chunk that the last one had not begun. */
  #return(chunk: Chunk, station?: Station, exit: Exit = PARENT_GONE): void {
    if (chunk.cancelled) {
      chunk.over = true;
      return this.#drop(chunk);
    }
    if (station !== undefined && !chunk.repeatable) return this.#lost(chunk, station, exit);
    chunk.hand = 1;
    this.#backlog.unshift(chunk);
  }

  #fail(chunk: Chunk, error: unknown): void {
    chunk.fail(error);
    this.#drop(chunk);
  }

  #failAll(error: unknown): void {
    for (const chunk of this.#backlog.clear()) this.#fail(chunk, error);
  }

  /** Nobody will work on a chunk any more. */
  #drop(chunk: Chunk): void {
    chunk.release();
    if (!chunk.single && !chunk.unfinished) {
      this.#chunks.delete(keyOf(chunk.from, chunk.plan.job, chunk.plan.first));
    }
  }

  #stats(): PoolStats {
    const stations = [...this.#stations];
    return {
      size: this.#crew.size,
      workers: stations.length + this.#leaving.size,
      busy: stations.filter((station) => station.chunks.size > 0).length,
      queued: this.#backlog.size,
      done: this.#done,
      failed: this.#failed,
      started: this.#started,
    };
  }

  #abandonIfForgotten(): void {
    if (!this.#faceIsGone || this.holdersOf(POOL) > 0 || this.#state !== "open") return;
    if (this.#stations.size > 0 && !isEnding()) {
      console.warn(`${this.#crew.name} was never closed; nobody has it any more, so it ends`);
    }
    this.close();
  }
}

/** Whether it ended neither by itself in order nor with those above it. */
function isAccident({ reason }: Exit): boolean {
  return reason !== "stopped" && reason !== "parent-gone";
}

function keyOf({ isolate, slot }: Holder, job: number, first: number): string {
  return `${isolate}#${slot} ${job} ${first}`;
}

function nameOf({ plan }: Chunk): string {
  return plan.task.slice(plan.moduleUrl.length + 1);
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
