import { type Exit, PARENT_GONE } from "../../channels/exit.ts";
import { type Holder, Lease } from "../../channels/kernel/holder.ts";
import { unpack } from "../../channels/kernel/pack.ts";
import type { Packet } from "../../channels/kernel/packet.ts";
import { actorExited } from "../exited.ts";
import { RestartCounter } from "../supervision/restart_policy.ts";
import { Backlog } from "./backlog.ts";
import { type Chunk, STOPS, STOPS_JOB } from "./chunk.ts";
import type { Crew } from "./crew.ts";
import { AHEAD_MS, Pace } from "./pace.ts";
import type { PoolStats } from "./pool_stats.ts";
import { asItArrives, packReports } from "./report.ts";
import type { Station, StationOwner } from "./station.ts";

/** After the death of a worker that had done nothing: another takes its place at once only so often. */
const IDLE_DEATHS = {
  maxRestarts: 3,
  withinMs: 5000,
  backoff: { minMs: 0, maxMs: 0, factor: 1, jitter: 0 },
};
/** After a start that failed, while other workers live: no further one is tried for so long, and longer each time. */
const FIRST_PAUSE_MS = 100;
const MOST_PAUSE_MS = 10_000;

/** An asker that died says nothing: of so many failed jobs at most it is remembered. */
const MOST_FAILED = 1000;

/** Who is told what becomes of the work: the pool. */
export interface Employer {
  readonly holder: Holder;
  /** Nobody will work on a chunk any more. */
  dropped(chunk: Chunk): void;
  /** Whose children the workers are has ended. */
  makerEnded(): void;
  /** There is no worker left, and nothing to do. */
  over(): void;
}

/** A pool's workers, and the work that they have and that waits for them. */
export class Workforce implements StationOwner {
  readonly #crew: Crew;
  readonly #employer: Employer;
  readonly #backlog = new Backlog();
  readonly #pace = new Pace();
  readonly #stations = new Set<Station>();
  /** Those that are ending in order, and take nothing more. */
  readonly #leaving = new Set<Station>();
  /** What becomes of those that are starting. */
  readonly #starts = new Set<Promise<void>>();
  readonly #idleDeaths = new RestartCounter(IDLE_DEATHS);
  /** Jobs that have failed, until their askers say that they know. */
  readonly #failedJobs = new Set<string>();
  #closing = false;
  #started = 0;
  #done = 0;
  #failed = 0;
  #pauseMs = 0;
  #pausedUntil = 0;
  /** The maker's, by whose end the pool ends. */
  #lease: Lease | undefined;

  constructor(crew: Crew, employer: Employer) {
    this.#crew = crew;
    this.#employer = employer;
  }

  /** Who holds what is in the arguments and results that are here. */
  get holder(): Holder {
    return this.#employer.holder;
  }

  /** Whether there is any worker. */
  get exists(): boolean {
    return this.#stations.size > 0;
  }

  /** Takes work. */
  add(chunk: Chunk): void {
    // Given before its asker knew that the job has failed.
    if (this.#failedJobs.size > 0 && this.#failedJobs.has(chunk.job)) {
      chunk.cancel();
      return this.#drop(chunk);
    }
    this.#crew.modules.add(chunk.plan.moduleUrl);
    this.#backlog.push(chunk);
    this.#feed();
  }

  /** The asker calls a job off: nothing more of it is begun, and what has begun is not waited for after this index. */
  abort(job: string, index: number): void {
    this.#failedJobs.delete(job);
    this.#callOff(job, index);
  }

  /** Nobody wants a chunk any more. */
  cancel(chunk: Chunk): void {
    chunk.cancel();
    if (this.#backlog.remove(chunk)) {
      this.#drop(chunk);
      this.#feed();
    } else for (const station of this.#stations) if ([...station.chunks].includes(chunk)) station.abort(chunk);
  }

  /** Starts all workers that there may be. If one cannot be, those that have nothing to do end. */
  async startAll(): Promise<void> {
    for (let missing = this.#crew.size - this.#stations.size; missing > 0; missing--) this.#hire();
    const outcomes = await Promise.allSettled(this.#starts);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return;
    for (const station of this.#stations) if (station.chunks.size === 0) this.#retire(station);
    await Promise.all([...this.#leaving].map((station) => station.contact.exited));
    throw failed.reason;
  }

  /** Nothing more will be added: once all is done, the workers end. */
  close(): void {
    this.#closing = true;
    this.#feed();
  }

  /** Drops everything with this error, and ends the workers at once. */
  async terminate(error: unknown): Promise<void> {
    this.#closing = true;
    this.#failAll(error);
    for (const station of this.#stations) {
      for (const chunk of station.chunks.clear()) this.#fail(chunk, error);
    }
    await Promise.all([...this.#stations, ...this.#leaving].map((station) => station.kill()));
    this.settle();
  }

  /** What it is doing. */
  stats(): PoolStats {
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

  done(station: Station, chunk: Chunk, count: number, failed: number, ms: number): void {
    this.#done += count;
    this.#failed += failed;
    this.#pace.note(chunk.task, count, ms);
    if (failed > 0) this.#failedIn(chunk);
    if (!chunk.over) return;
    this.#drop(chunk);
    if (station.chunks.size === 0 && station.given >= this.#crew.maxTasksPerWorker) this.#retire(station);
    this.#feed();
  }

  unknown(station: Station, chunk: Chunk, why: Packet): void {
    for (const later of [...station.chunks.clear()].reverse()) this.#return(later);
    if (chunk.sought) this.#fail(chunk, unpack(why, this.holder));
    else {
      // A new worker imports the module before anything else, which takes no permission.
      chunk.sought = true;
      this.#return(chunk);
    }
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
    const wanted = !wasLeaving && !this.#closing && worked && isAccident(exit);
    if (wanted) this.#hire();
    this.#feed();
  }

  /** Once nothing more can come: ends who has nothing to do, and says when nobody is left. */
  settle(): void {
    if (this.#backlog.size > 0) return;
    for (const station of this.#stations) if (station.ready && station.chunks.size === 0) this.#retire(station);
    if (this.#stations.size > 0 || this.#leaving.size > 0) return;
    this.#lease?.end();
    this.#employer.over();
  }

  /** Of a job that stops at a failure nothing more is begun, from this moment on. */
  #failedIn(chunk: Chunk): void {
    if ((chunk.plan.mode & STOPS_JOB) === 0) return;
    this.#failedJobs.add(chunk.job);
    if (this.#failedJobs.size > MOST_FAILED) this.#failedJobs.delete(this.#failedJobs.keys().next().value!);
    this.#callOff(chunk.job, chunk.plan.first);
  }

  #callOff(job: string, index: number): void {
    const isMeant = (chunk: Chunk) => !chunk.single && chunk.job === job;
    for (const chunk of this.#backlog.clear(isMeant)) {
      chunk.cancel();
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

  /** Gives what waits to who can take it, and sees that there are enough of those. */
  #feed(): void {
    for (let chunk = this.#backlog.peek(); chunk !== undefined; chunk = this.#backlog.peek()) {
      const expectedMs = this.#pace.expect(chunk.task, chunk.left);
      const station = this.#freest(expectedMs);
      if (station === undefined) break;
      this.#backlog.shift();
      try {
        station.give(chunk, chunk.single ? 1 : this.#pace.hand(chunk.task), expectedMs);
      } catch (error) {
        this.#fail(chunk, error);
      }
    }
    this.#grow();
    if (this.#closing) this.settle();
  }

  /** An idle worker; else one that will be through with all that it has before it could have asked for more. */
  #freest(expectedMs: number): Station | undefined {
    const { maxTasksPerWorker } = this.#crew;
    let freest: Station | undefined;
    let least = AHEAD_MS - expectedMs;
    for (const station of this.#stations) {
      if (!station.ready || station.given >= maxTasksPerWorker) continue;
      if (station.chunks.size === 0) return station;
      const { load } = station;
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
      this.#hire();
      starting++;
    }
  }

  /** Has another worker started, if it can be. */
  #hire(): void {
    const start = this.#start();
    this.#starts.add(start);
    void start.catch(() => {}).finally(() => this.#starts.delete(start));
  }

  async #start(): Promise<void> {
    let station: Station | undefined;
    try {
      station = this.#crew.prepare(this);
      this.#stations.add(station);
      this.#lease ??= new Lease(this.#crew.maker.holder, () => void this.#employer.makerEnded());
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

  /** A worker that has done its share ends, and another takes its place. */
  #retire(station: Station): void {
    this.#stations.delete(station);
    this.#leaving.add(station);
    station.ready = false;
    void station.stop();
    if (station.given >= this.#crew.maxTasksPerWorker && !this.#closing) this.#hire();
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
    this.#failedIn(chunk);
    if (over) this.#drop(chunk);
    else this.#return(chunk);
  }

  /** Another worker is to do what is left of a chunk that the last one had not begun. */
  #return(chunk: Chunk, station?: Station, exit: Exit = PARENT_GONE): void {
    if (chunk.cancelled) return this.#drop(chunk);
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

  #drop(chunk: Chunk): void {
    chunk.over = true;
    chunk.release();
    this.#employer.dropped(chunk);
  }
}

/** Whether it ended neither by itself in order nor with those above it. */
function isAccident({ reason }: Exit): boolean {
  return reason !== "stopped" && reason !== "parent-gone";
}

function nameOf({ plan }: Chunk): string {
  return plan.task.slice(plan.moduleUrl.length + 1);
}
