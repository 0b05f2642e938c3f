import { PoolClosedError } from "../../channels/errors.ts";
import type { Exit } from "../../channels/exit.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import { unpack } from "../../channels/kernel/pack.ts";
import type { Packet } from "../../channels/kernel/packet.ts";
import type { Request } from "../../channels/kernel/request.ts";
import { oneLine } from "../../channels/kernel/escape.ts";
import { type Deadline, wheel } from "../../channels/kernel/wheel.ts";
import { actorExited, asItArrives } from "../exited.ts";
import { isEnding } from "../program.ts";
import { Backlog } from "./backlog.ts";
import type { Chunk } from "./chunk.ts";
import { ONE_BY_ONE, STOPS, STOPS_JOB } from "./chunk_plan.ts";
import type { Crew } from "./crew.ts";
import { AHEAD_MS, Pace } from "./pace.ts";
import type { PoolStats } from "./pool_stats.ts";
import { QueueBound } from "./queue_bound.ts";
import { packReports } from "./report.ts";
import { Staff, type StaffOwner } from "./staff.ts";
import type { Station } from "./station.ts";
import { nameOf } from "./task_name.ts";

/** An asker that died says nothing: of so many failed jobs at most it is remembered. */
const MOST_FAILED = 1000;

/** Who is told what becomes of the work: the pool. */
export interface Employer {
  readonly holder: Holder;
  /** Nobody will work on a chunk any more. */
  dropped(chunk: Chunk): void;
  /** The actor has ended whose children the workers are. */
  makerEnded(): void;
  /** Whether there is more to come of what has begun, though the pool is closed. */
  readonly awaitsMore: boolean;
  /** There is no worker left, and nothing to do. */
  over(): void;
}

/** The work that a pool has, and which worker does what of it. */
export class Dispatcher implements StaffOwner {
  readonly #crew: Crew;
  readonly #employer: Employer;
  readonly #staff: Staff;
  readonly #backlog = new Backlog();
  readonly #pace = new Pace();
  readonly #bound: QueueBound;
  /** Jobs that have failed, until their askers say that they know. */
  readonly #failedJobs = new Set<string>();
  #closing = false;
  /** Why everything fails that no worker has begun, once there is such a reason. */
  #cancelledBy: string | undefined;
  #done = 0;
  #failed = 0;
  /** The chunks that fail once the workers are dead. */
  readonly #dying: Chunk[] = [];
  /** Until then those who have more than they do may keep it, though others have nothing. */
  #relief: Deadline | undefined;

  constructor(crew: Crew, employer: Employer) {
    this.#crew = crew;
    this.#employer = employer;
    this.#staff = new Staff(crew, this);
    this.#bound = new QueueBound(crew);
  }

  /** Who holds what is in the arguments and results that are here. */
  get holder(): Holder {
    return this.#employer.holder;
  }

  /** Whether there is any worker. */
  get hasWorkers(): boolean {
    return this.#staff.stations.size > 0;
  }

  /** Takes work. */
  add(chunk: Chunk): void {
    // Given before its asker knew that the job has failed.
    if (this.#failedJobs.size > 0 && this.#failedJobs.has(chunk.job)) {
      chunk.cancel();
      return this.#drop(chunk);
    }
    if (chunk.single && this.#backlog.calls >= this.#bound.least) {
      const error = this.#bound.check(this.#backlog.calls, this.#free, chunk.task);
      if (error !== undefined) return this.#fail(chunk, error);
    }
    this.#crew.tasks.add(chunk.task);
    this.#backlog.push(chunk);
    this.#feed();
  }

  /** Answers whether another call would find room, or once one would. */
  room(request: Request, waits: boolean): void {
    const hasRoom = this.#bound.hasRoom(this.#backlog.calls, this.#free);
    if (this.#closing) request.throw(this.#bound.closed());
    else if (waits && !hasRoom) this.#bound.wait(request);
    else request.reply(hasRoom);
  }

  /** The asker calls a job off: nothing more of it is begun, and what has begun is not waited for after this index. */
  abort(job: string, index: number): void {
    this.#failedJobs.delete(job);
    this.#callOff(job, index);
  }

  /** Nobody wants a chunk any more. */
  cancel(chunk: Chunk): void {
    chunk.cancel();
    if (!this.#backlog.remove(chunk)) {
      const station = this.#stationOf(chunk);
      if (station !== undefined) this.#returnAll(station.desk.takeBack());
      if (station?.desk.has(chunk)) station.abort(chunk);
    } else this.#drop(chunk);
    this.#feed();
  }

  /** Takes a call out of the work, if no worker has begun it. Returns whether it is out. */
  withdraw(chunk: Chunk): boolean {
    this.#returnAll(this.#stationOf(chunk)?.desk.takeBack() ?? []);
    const isOut = this.#backlog.remove(chunk);
    if (isOut) {
      const message = `Cannot run ${oneLine(nameOf(chunk.task))}: it was cancelled before it began`;
      this.#fail(chunk, new DOMException(message, "AbortError"));
    }
    this.#feed();
    return isOut;
  }

  /** Fails everything that no worker has begun, and what workers give back later. */
  cancelPending(why: string): void {
    this.#cancelledBy = why;
    for (const chunk of this.#backlog.clear()) this.#close(chunk, why);
    for (const station of [...this.#staff.stations]) station.recall();
  }

  /** Starts all workers that there may be. If one cannot be, those that have nothing to do end. */
  async startAll(): Promise<void> {
    await this.#staff.startAll();
  }

  /** Nothing more will be added: once all is done, the workers end. */
  close(): void {
    this.#closing = true;
    this.#bound.close();
    this.#staff.close();
    this.#feed();
  }

  /** Ends the workers at once, and fails everything. */
  async terminate(why: string): Promise<void> {
    this.#closing = true;
    this.#bound.close();
    this.#staff.close();
    this.#dying.push(...this.#backlog.clear());
    for (const { desk } of this.#staff.stations) this.#dying.push(...desk.clear());
    await this.#staff.kill();
    // In the same turn as this resolves: a caller that looks at the results only after that is in time, in every placement.
    for (const chunk of this.#dying.splice(0)) this.#close(chunk, why);
    this.settle();
  }

  /** What it is doing. */
  stats(): PoolStats {
    const { stations, size, started } = this.#staff;
    return {
      size: this.#crew.size,
      workers: size,
      busy: [...stations].filter(({ desk }) => desk.size > 0).length,
      queued: this.#backlog.size,
      done: this.#done,
      failed: this.#failed,
      started,
    };
  }

  done(station: Station, chunk: Chunk, count: number, failed: number, ms: number): void {
    this.#done += count;
    this.#failed += failed;
    this.#staff.worked();
    this.#pace.note(chunk.task, count, ms);
    if (failed > 0) this.#failedIn(chunk);
    if (!chunk.over) return;
    this.#drop(chunk);
    if (station.desk.size === 0 && this.#staff.isSpent(station)) this.#staff.retire(station);
    this.#feed();
  }

  unknown(station: Station, chunk: Chunk, why: Packet): void {
    this.#returnAll(station.desk.clear());
    if (chunk.sought) this.#fail(chunk, readThrown(why, this.holder));
    else {
      // A new worker imports the module before anything else, which takes no permission.
      chunk.sought = true;
      this.#return(chunk);
    }
    this.#staff.retire(station);
    this.#feed();
  }

  returned(chunks: readonly Chunk[]): void {
    this.#returnAll(chunks);
    this.#feed();
  }

  ended(station: Station, begun: Chunk | undefined, waiting: readonly Chunk[], exit: Exit): void {
    for (const chunk of waiting.toReversed()) {
      // What has moved to the dead one is gone.
      if (chunk.repeatable) this.#return(chunk);
      else this.#lost(chunk, station, exit);
    }
    if (begun !== undefined) this.#lost(begun, station, exit);
    this.#staff.ended(station, exit);
    this.#feed();
  }

  staffed(): void {
    this.#feed();
  }

  stranded(error: unknown): void {
    for (const chunk of this.#backlog.clear()) this.#fail(chunk, error);
  }

  makerEnded(): void {
    this.#employer.makerEnded();
  }

  /** Once nothing more can come: ends who has nothing to do, and says when nobody is left. */
  settle(): void {
    if (this.#backlog.size > 0 || this.#dying.length > 0 || this.#employer.awaitsMore) return;
    if (this.#staff.disband()) this.#employer.over();
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
    for (const station of this.#staff.stations) {
      if ([...station.desk].some(isMeant)) this.#returnAll(station.desk.takeBack());
      for (const chunk of [...station.desk].filter(isMeant)) {
        if (chunk.plan.first > index) chunk.cancel();
        station.abort(chunk);
      }
    }
    for (const chunk of this.#backlog.clear(isMeant)) {
      chunk.cancel();
      this.#drop(chunk);
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
        station.give(chunk, chunk.mode & ONE_BY_ONE || chunk.single ? 1 : this.#pace.hand(chunk.task), expectedMs);
      } catch (error) {
        this.#fail(chunk, error);
      }
    }
    this.#staff.grow(this.#backlog.size);
    if (this.#backlog.calls === 0) this.#bound.empty();
    if (this.#bound.awaited) this.#bound.admit(this.#backlog.calls, this.#free);
    this.#relieve();
    if (this.#closing) this.settle();
  }

  /** How many workers have nothing to do, or can be started. */
  get #free(): number {
    let free = this.#crew.size;
    for (const { desk } of this.#staff.stations) if (desk.size > 0) free--;
    return free;
  }

  /** An idle worker; else one that will be through with all that it has before it could have asked for more. */
  #freest(expectedMs: number): Station | undefined {
    let freest: Station | undefined;
    let least = AHEAD_MS - expectedMs;
    for (const station of this.#staff.stations) {
      if (!station.ready || this.#staff.isSpent(station)) continue;
      if (station.desk.size === 0) return station;
      const { load } = station.desk;
      if (load >= least) continue;
      least = load;
      freest = station;
    }
    return freest;
  }

  /**
   * Sees that nobody stays idle while another has work that waits behind something unexpectedly long: that is taken
   * back.
   */
  #relieve(): void {
    const { stations, isShort } = this.#staff;
    let [idle, crowded] = [isShort, false];
    for (const station of stations) {
      if (station.isCrowded) crowded = true;
      else if (station.desk.size === 0 && station.ready && !this.#staff.isSpent(station)) idle = true;
    }
    if (!idle || !crowded) {
      this.#relief?.cancel();
      this.#relief = undefined;
      return;
    }
    if (this.#relief !== undefined) return;
    const before = [...stations].map((station) => ({ station, first: station.desk.first }));
    this.#relief = wheel.after(AHEAD_MS, () => {
      this.#relief = undefined;
      for (const { station, first } of before) {
        if (station.isCrowded && station.desk.first === first) station.recall();
      }
      this.#relieve();
    });
  }

  /** The worker that had begun a chunk is dead. */
  #lost(chunk: Chunk, station: Station, exit: Exit): void {
    if (chunk.cancelled) return this.#drop(chunk);
    const { name, address } = station.contact;
    const when = isEnding() ? ", while the program was ending" : "";
    const error = () => actorExited(`run ${nameOf(chunk.task)}`, name, address, exit, when);
    const count = Math.min(chunk.hand, chunk.left);
    if (chunk.retry(count)) return this.#return(chunk);
    if (chunk.single) {
      this.#done++;
      this.#failed++;
      return this.#fail(chunk, error());
    }
    this.#done += count;
    this.#failed += count;
    chunk.at += count;
    const over = chunk.left === 0 || (chunk.plan.mode & STOPS) !== 0 || !chunk.repeatable;
    const values = Array.from({ length: count }, () => asItArrives(error()));
    for (const { body, over: last } of packReports(values, [...values.keys()], over, 1, undefined, this.holder)) {
      chunk.report(body, last);
    }
    this.#failedIn(chunk);
    if (over) this.#drop(chunk);
    else this.#return(chunk);
  }

  /** Another worker is to do what is left of a chunk that the last one had not begun. */
  #return(chunk: Chunk): void {
    if (chunk.cancelled) return this.#drop(chunk);
    if (this.#cancelledBy !== undefined) return this.#close(chunk, this.#cancelledBy);
    chunk.hand = 1;
    this.#backlog.unshift(chunk);
  }

  #returnAll(chunks: readonly Chunk[]): void {
    for (const chunk of chunks.toReversed()) this.#return(chunk);
  }

  /** The worker that has a chunk. */
  #stationOf(chunk: Chunk): Station | undefined {
    for (const station of this.#staff.stations) if (station.desk.has(chunk)) return station;
    return undefined;
  }

  #fail(chunk: Chunk, error: unknown): void {
    chunk.fail(error);
    this.#drop(chunk);
  }

  /** The pool does no more of a chunk. */
  #close(chunk: Chunk, why: string): void {
    this.#fail(chunk, new PoolClosedError(`Cannot run ${oneLine(nameOf(chunk.task))}: ${why}`));
  }

  #drop(chunk: Chunk): void {
    chunk.over = true;
    chunk.release();
    this.#employer.dropped(chunk);
  }
}

/** The thrown value; the reason why it cannot be read, if the bytes mean nothing. */
function readThrown(packet: Packet, holder: Holder): unknown {
  try {
    return unpack(packet, holder);
  } catch (error) {
    return error;
  }
}
