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

class Entry implements Deadline {
  previous: Entry | undefined;
  next: Entry | undefined;
  constructor(readonly bucket: Bucket | undefined, readonly fire: (() => void) | undefined) {}

  cancel(): void {
    this.bucket?.remove(this);
  }

  get dueMs(): number {
    return (this.bucket?.tick ?? 0) * TICK_MS;
  }
}

/** The deadlines of one tick, as a ring of entries, so that adding and removing costs no lookup. */
class Bucket {
  readonly ring = new Entry(undefined, undefined);
  constructor(readonly wheel: Wheel, readonly tick: number) {
    this.ring.previous = this.ring.next = this.ring;
  }

  get empty(): boolean {
    return this.ring.next === this.ring;
  }

  add(fire: () => void): Entry {
    const entry = new Entry(this, fire);
    const last = this.ring.previous!;
    entry.previous = last;
    entry.next = this.ring;
    last.next = this.ring.previous = entry;
    this.wheel.size++;
    return entry;
  }

  remove(entry: Entry): void {
    if (entry.next === undefined) return;
    entry.previous!.next = entry.next;
    entry.next.previous = entry.previous;
    entry.previous = entry.next = undefined;
    if (--this.wheel.size === 0) this.wheel.rest();
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

/** All deadlines of an isolate on one alarm: a timer for each call would cost more than the call. */
export class Wheel {
  size = 0;
  readonly #buckets = new Map<number, Bucket>();
  /** What was set, the soonest last. Only that one is ever held, and only while there is a deadline. */
  readonly #alarms: Due[] = [];
  #resting = false;
  #quietTicks = 0;

  /** Runs `fire` once, `ms` from now or up to 4 ms later. */
  after(ms: number, fire: () => void): Deadline {
    const tick = Math.ceil((performance.now() + ms) / TICK_MS);
    let bucket = this.#buckets.get(tick);
    if (bucket === undefined) this.#buckets.set(tick, bucket = new Bucket(this, tick));
    const entry = bucket.add(fire);
    const soonest = this.#alarms.at(-1);
    if (soonest === undefined || tick < soonest.tick || soonest.alarm.over) this.#set(tick);
    else soonest.alarm.hold();
    return entry;
  }

  /** Nothing is pending. The next deadline often comes within a few microtasks, which cost less than an alarm let go. */
  rest(): void {
    this.#quietTicks = 0;
    if (this.#resting) return;
    this.#resting = true;
    queueMicrotask(this.#rest);
  }

  readonly #rest = () => {
    if (this.size === 0 && ++this.#quietTicks < QUIET_TICKS) return queueMicrotask(this.#rest);
    this.#resting = false;
    if (this.size > 0) return;
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
        entry.fire!();
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
