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

/** All deadlines of an isolate on one platform timer: a timer for each call would cost more than the call. */
export class Wheel {
  size = 0;
  readonly #buckets = new Map<number, Bucket>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Infinity;
  #resting = false;

  /** Runs `fire` once, `ms` from now or up to 4 ms later. */
  after(ms: number, fire: () => void): Deadline {
    const tick = Math.ceil((performance.now() + ms) / TICK_MS);
    let bucket = this.#buckets.get(tick);
    if (bucket === undefined) this.#buckets.set(tick, bucket = new Bucket(this, tick));
    const entry = bucket.add(fire);
    if (tick < this.#due) this.#arm(tick);
    return entry;
  }

  /** Nothing is pending: gives the timer back, but not before this turn's end, since a next call may come at once. */
  rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    setImmediate(() => {
      this.#resting = false;
      if (this.size > 0) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#due = Infinity;
      this.#buckets.clear();
    });
  }

  #arm(tick: number): void {
    clearTimeout(this.#timer);
    this.#due = tick;
    // A tick may end later than the platform's longest delay: then another turn waits for the rest.
    const delay = Math.min(MAX_DELAY_MS, Math.max(0, tick * TICK_MS - performance.now()));
    this.#timer = setTimeout(() => this.#turn(), delay);
  }

  #turn(): void {
    this.#timer = undefined;
    this.#due = Infinity;
    const now = performance.now() / TICK_MS;
    for (const tick of [...this.#buckets.keys()].sort((a, b) => a - b)) {
      if (tick > now) {
        // What has just fired may have set a sooner one.
        if (tick < this.#due) this.#arm(tick);
        break;
      }
      const bucket = this.#buckets.get(tick)!;
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
