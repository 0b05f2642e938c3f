import { Alarm } from "./alarm.ts";
import { singleton } from "./singleton.ts";

/** Deadlines are rounded up to this many milliseconds, so that thousands of them share one timer. */
const TICK_MS = 4;
/** The longest delay a platform timer takes; anything longer is for ever. */
export const MAX_DELAY_MS: number = 2 ** 31 - 1;

/** A pending deadline. */
export interface Deadline {
  /** Forgets the deadline; harmless once it has fired. */
  cancel(): void;
  /** When it fires, by `performance.now()`. */
  readonly dueMs: number;
}

/** Something with a deadline. */
export interface Expiring {
  /** Its time is over. */
  expired(): void;
}

class Entry implements Deadline {
  previous: Entry | undefined;
  next: Entry | undefined;
  /** None before the end of the turn in which it was set. */
  bucket: Bucket | undefined;
  cancelled = false;

  constructor(readonly wheel: Wheel, readonly ms: number, readonly of: Expiring | undefined) {}

  cancel(): void {
    if (this.bucket !== undefined) this.bucket.remove(this);
    else if (!this.cancelled) {
      this.cancelled = true;
      this.wheel.ended();
    }
  }

  get dueMs(): number {
    return this.bucket === undefined ? performance.now() + this.ms : this.bucket.tick * TICK_MS;
  }
}

/** The deadlines of one tick, as a ring of entries, so that adding and removing costs no lookup. */
class Bucket {
  readonly ring: Entry;
  constructor(readonly wheel: Wheel, readonly tick: number) {
    this.ring = new Entry(wheel, 0, undefined);
    this.ring.previous = this.ring.next = this.ring;
  }

  get empty(): boolean {
    return this.ring.next === this.ring;
  }

  add(entry: Entry): void {
    const last = this.ring.previous!;
    entry.bucket = this;
    entry.previous = last;
    entry.next = this.ring;
    last.next = this.ring.previous = entry;
  }

  remove(entry: Entry): void {
    if (entry.next === undefined) return;
    entry.previous!.next = entry.next;
    entry.next.previous = entry.previous;
    entry.previous = entry.next = undefined;
    this.wheel.ended();
  }
}

/** For so many microtasks nothing is pending before the event loop is let go. */
const QUIET_TICKS = 8;
/** Empty buckets are worth keeping for the next deadlines, up to this number. */
const KEPT_BUCKETS = 64;

interface Due {
  readonly tick: number;
  readonly alarm: Alarm;
}

/**
 * All deadlines of an isolate on one alarm: a timer for each call would cost more than the call. Their time begins at the end
 * of the turn in which they were set, so that one look at the clock does for all of them.
 */
export class Wheel {
  #size = 0;
  /** Those that were set in this turn. */
  #fresh: Entry[] = [];
  readonly #buckets = new Map<number, Bucket>();
  /** What was set, the soonest last. Only that one is ever held, and only while there is a deadline. */
  readonly #alarms: Due[] = [];
  #resting = false;
  #quietTicks = 0;

  /** How many deadlines there are. */
  get size(): number {
    return this.#size;
  }

  /** Runs `fire` once, `ms` from the end of this turn or up to 4 ms later. */
  after(ms: number, fire: () => void): Deadline {
    return this.expire(ms, { expired: fire });
  }

  /** The same for an object that knows what to do then. */
  expire(ms: number, of: Expiring): Deadline {
    const entry = new Entry(this, ms, of);
    this.#size++;
    if (this.#fresh.push(entry) === 1) queueMicrotask(this.#begin);
    return entry;
  }

  /** One of its deadlines has fired, or was cancelled. */
  ended(): void {
    if (--this.#size === 0) this.#rest();
  }

  readonly #begin = () => {
    const now = performance.now();
    const fresh = this.#fresh;
    this.#fresh = [];
    let bucket: Bucket | undefined;
    let first = Infinity;
    for (const entry of fresh) {
      if (entry.cancelled) continue;
      const tick = Math.ceil((now + entry.ms) / TICK_MS);
      if (bucket?.tick !== tick) bucket = this.#bucketOf(tick);
      bucket.add(entry);
      if (tick < first) first = tick;
    }
    if (first === Infinity) return;
    const soonest = this.#alarms.at(-1);
    if (soonest === undefined || first < soonest.tick || soonest.alarm.over) this.#set(first);
    else soonest.alarm.hold();
  };

  #bucketOf(tick: number): Bucket {
    let bucket = this.#buckets.get(tick);
    if (bucket === undefined) this.#buckets.set(tick, bucket = new Bucket(this, tick));
    return bucket;
  }

  /** Nothing is pending. The next deadline often comes within a few microtasks, which cost less than an alarm let go. */
  #rest(): void {
    this.#quietTicks = 0;
    if (this.#resting) return;
    this.#resting = true;
    queueMicrotask(this.#restLater);
  }

  readonly #restLater = () => {
    if (this.#size === 0 && ++this.#quietTicks < QUIET_TICKS) return queueMicrotask(this.#restLater);
    this.#resting = false;
    if (this.#size > 0) return;
    this.#alarms.at(-1)?.alarm.letGo();
    if (this.#buckets.size > KEPT_BUCKETS) this.#buckets.clear();
  };

  /** Sees to it that an alarm rings no later than that. */
  #set(tick: number): void {
    const now = performance.now();
    while (this.#alarms.at(-1)?.alarm.over) this.#alarms.pop();
    let soonest = this.#alarms.at(-1);
    if (soonest === undefined || tick < soonest.tick) {
      soonest?.alarm.letGo();
      // A tick may end later than the platform's longest delay: then another turn waits for the rest.
      const alarm = new Alarm(Math.min(MAX_DELAY_MS, tick * TICK_MS - now), () => this.#turn());
      this.#alarms.push(soonest = { tick, alarm });
    }
    soonest.alarm.hold();
  }

  #turn(): void {
    this.#alarms.pop();
    const now = performance.now() / TICK_MS;
    for (const tick of [...this.#buckets.keys()].sort((a, b) => a - b)) {
      const bucket = this.#buckets.get(tick);
      // Gone, where what has just fired was the last deadline.
      if (bucket === undefined) continue;
      if (tick > now && !bucket.empty) return this.#set(tick);
      this.#buckets.delete(tick);
      for (let entry = bucket.ring.next!; entry !== bucket.ring; entry = bucket.ring.next!) {
        bucket.remove(entry);
        entry.of!.expired();
      }
    }
  }
}

/** This isolate's wheel. */
export const wheel: Wheel = singleton("wheel", () => new Wheel());

/** Resolves after so many milliseconds. */
export function delayed(ms: number): Promise<void> {
  return new Promise((resolve) => wheel.after(ms, resolve));
}
