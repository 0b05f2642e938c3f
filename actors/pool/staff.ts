import { StartError } from "../../channels/errors.ts";
import type { Exit } from "../../channels/exit.ts";
import { Lease } from "../../channels/kernel/holder.ts";
import { actorExited } from "../exited.ts";
import type { Crew } from "./crew.ts";
import type { Station, StationOwner } from "./station.ts";

/** So many workers in a row may end in vain: before they have begun anything. */
const MOST_VAIN = 3;
/** After a start that failed, while other workers live: no further one is tried for so long, and longer each time. */
const FIRST_PAUSE_MS = 100;
const MOST_PAUSE_MS = 10_000;

/** Whom the workers work for. */
export interface StaffOwner extends StationOwner {
  /** Whose children the workers are has ended. */
  makerEnded(): void;
  /** One more worker is ready, or will not be. */
  staffed(): void;
  /** No worker is left, and none could be started. */
  stranded(error: unknown): void;
}

/** A pool's workers: hired when they are needed, replaced when they die or have done their share, and sent home. */
export class Staff {
  /** Those that can be given work, or will be when they have started. */
  readonly stations: Set<Station> = new Set();
  /** How many were started. */
  started = 0;
  readonly #crew: Crew;
  readonly #owner: StaffOwner;
  /** Those that are ending in order, and take nothing more. */
  readonly #leaving = new Set<Station>();
  /** What becomes of those that are starting. */
  readonly #starts = new Set<Promise<void>>();
  /** How many have ended in vain since one has begun something. */
  #vain = 0;
  /** How often no worker could be had, and why the last time. */
  #failures = 0;
  #failure: unknown;
  #closing = false;
  #pauseMs = 0;
  #pausedUntil = 0;
  /** The maker's, by whose end the pool ends. */
  #lease: Lease | undefined;

  constructor(crew: Crew, owner: StaffOwner) {
    this.#crew = crew;
    this.#owner = owner;
  }

  /** How many there are, those that start and those that end included. */
  get size(): number {
    return this.stations.size + this.#leaving.size;
  }

  /** Whether there may be more. */
  get isShort(): boolean {
    return this.stations.size < this.#crew.size;
  }

  /** Starts all that there may be. If one cannot be, those that have nothing to do end. */
  async startAll(): Promise<void> {
    const before = this.#failures;
    // One that is up may die before the last of them is.
    do {
      while (this.isShort && this.#failures === before) this.#hire();
      await Promise.allSettled(this.#starts);
    } while (this.#starts.size > 0 || this.isShort && this.#failures === before);
    if (this.#failures === before) return;
    const failure = this.#failure;
    for (const station of this.stations) if (station.desk.size === 0) this.retire(station);
    await Promise.all([...this.#leaving].map((station) => station.contact.exited));
    throw failure;
  }

  /** Sees that for each of so many pieces of work somebody is being started, as far as there may be more. */
  grow(waiting: number): void {
    if (waiting === 0 || !this.isShort) return;
    let [starting, proven] = [0, this.stations.size === 0 || this.#vain < MOST_VAIN];
    for (const station of this.stations) {
      if (!station.ready) starting++;
      if (station.desk.begun) proven = true;
    }
    // Those that are there are tried first.
    if (!proven) return;
    for (; waiting > starting && this.isShort; starting++) {
      if (this.stations.size > 0 && performance.now() < this.#pausedUntil) return;
      this.#hire();
    }
  }

  /** Nobody is replaced any more. */
  close(): void {
    this.#closing = true;
  }

  /** Whether a worker that has been given so much takes no more. */
  isSpent(station: Station): boolean {
    return station.desk.given >= this.#crew.maxTasksPerWorker;
  }

  /** A worker ends in order; one that has done its share is replaced. */
  retire(station: Station): void {
    this.stations.delete(station);
    this.#leaving.add(station);
    station.ready = false;
    void station.stop();
    if (this.isSpent(station) && !this.#closing) this.#hire();
  }

  /** Ends those at once that are ready and have nothing to do. Returns whether nobody is left. */
  disband(): boolean {
    for (const station of this.stations) if (station.ready && station.desk.size === 0) this.retire(station);
    if (this.size > 0) return false;
    this.#lease?.end();
    return true;
  }

  /** Ends all at once. */
  async kill(): Promise<void> {
    await Promise.all([...this.stations, ...this.#leaving].map((station) => station.kill()));
  }

  /** A worker has begun something. */
  worked(): void {
    this.#vain = 0;
    this.#pauseMs = 0;
  }

  /** A worker has ended; after an accident it is replaced. */
  ended(station: Station, exit: Exit): void {
    const wasLeaving = this.#leaving.delete(station);
    this.stations.delete(station);
    if (station.desk.begun) this.worked();
    if (exit.reason === "stopped" || exit.reason === "parent-gone" || wasLeaving || this.#closing) return;
    if (station.desk.begun || ++this.#vain < MOST_VAIN) return this.#hire();
    const { name, address } = station.contact;
    const why = `${MOST_VAIN} in a row ended before they had begun anything`;
    this.#fail(
      new StartError(`Cannot start workers of ${this.#crew.name}: ${why}`, {
        cause: actorExited("run a task", name, address, exit),
      }),
    );
  }

  #hire(): void {
    const start = this.#start();
    this.#starts.add(start);
    void start.catch(() => {}).finally(() => this.#starts.delete(start));
  }

  async #start(): Promise<void> {
    let station: Station | undefined;
    try {
      station = this.#crew.prepare(this.#owner);
      this.stations.add(station);
      this.#lease ??= new Lease(this.#crew.maker.holder, () => this.#owner.makerEnded());
      this.started++;
      await this.#crew.start(station);
    } catch (error) {
      if (station !== undefined) this.stations.delete(station);
      this.#vain++;
      this.#fail(error);
      throw error;
    } finally {
      this.#owner.staffed();
    }
  }

  /** No worker can be had now. */
  #fail(error: unknown): void {
    this.#failures++;
    this.#failure = error;
    this.#pauseMs = Math.min(MOST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
    this.#pausedUntil = performance.now() + this.#pauseMs;
    if (this.stations.size > 0) return;
    this.#vain = 0;
    // Whose module it was is not known; each comes back with the next of its tasks.
    this.#crew.tasks.clear();
    this.#owner.stranded(error);
  }
}
