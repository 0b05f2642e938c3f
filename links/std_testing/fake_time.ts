/**
 * A stand-in for `@std/testing/time`, used where JSR cannot be reached; it is no part of the published package.
 *
 * @module
 */
import FakeTimers from "@sinonjs/fake-timers";

/** What misuse of {@linkcode FakeTime} throws. */
export class TimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TimeError";
  }
}

/** Options of {@linkcode FakeTime}. */
export interface FakeTimeOptions {
  /** How many fake milliseconds pass in a real one; 0, the default, stops the clock. */
  advanceRate: number;
  /** How often, in real milliseconds, a running clock moves. Default 10. */
  advanceFrequency?: number;
}

const { Date, setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
const real = { Date, setTimeout, clearTimeout, setInterval, clearInterval };
const faked = Object.keys(real) as (keyof typeof real)[];

let current: FakeTime | undefined;

/** Replaces `Date` and the timers by ones that a test moves. */
export class FakeTime {
  /** The fake time at which it began. */
  readonly start: number;
  #clock: ReturnType<typeof FakeTimers.install>;
  #advancing: ReturnType<typeof setInterval> | undefined;

  constructor(start?: number | string | Date | null, options?: FakeTimeOptions) {
    if (current !== undefined) throw new TimeError("Cannot construct FakeTime: time is already faked");
    this.start = start === undefined || start === null ? real.Date.now() : new real.Date(start).valueOf();
    if (Number.isNaN(this.start)) throw new TimeError(`Cannot construct FakeTime: invalid start ${start}`);
    this.#clock = FakeTimers.install({ now: this.start, toFake: faked });
    current = this;
    if (options && options.advanceRate > 0) {
      const every = options.advanceFrequency ?? 10;
      this.#advancing = real.setInterval(() => this.tick(every * options.advanceRate), every);
    }
  }

  /** The fake time; setting it calls the timers due until then. */
  get now(): number {
    return this.#clock.now;
  }
  set now(value: number) {
    if (value < this.#clock.now) throw new TimeError("Cannot set time in the past");
    this.tick(value - this.#clock.now);
  }

  /** Passes `ms` milliseconds, calling the timers due. */
  tick(ms = 0): void {
    this.#clock.tick(ms);
  }

  /** Runs what is queued, then {@linkcode tick}. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.tick(ms);
  }

  /** Moves to the next timer due; `false` if there is none. */
  next(): boolean {
    const any = this.#clock.countTimers() > 0;
    this.#clock.next();
    return any;
  }

  /** Runs what is queued, then {@linkcode next}. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Moves on until no timer is left. */
  runAll(): void {
    while (this.next());
  }

  /** Moves on until no timer is left, running what is queued before each. */
  async runAllAsync(): Promise<void> {
    while (await this.nextAsync());
  }

  /** Lets everything run that waits for no timer. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Waits in real time. */
  delay(ms: number, options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      real.clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = real.setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
    return promise;
  }

  /** Puts the real `Date` and timers back. */
  restore(): void {
    if (current !== this) throw new TimeError("Cannot restore time: it is already restored");
    real.clearInterval(this.#advancing);
    this.#clock.uninstall();
    current = undefined;
  }

  /** Puts the real ones back while `callback` runs. */
  static restoreFor<T>(callback: (...args: unknown[]) => Promise<T> | T, ...args: unknown[]): Promise<T> {
    if (current === undefined) return Promise.reject(new TimeError("Cannot restore time: it is not faked"));
    return current.#restoredFor(callback, args);
  }

  async #restoredFor<T>(callback: (...args: unknown[]) => Promise<T> | T, args: unknown[]): Promise<T> {
    const fake = Object.fromEntries(faked.map((name) => [name, globalThis[name]]));
    Object.assign(globalThis, real);
    try {
      return await callback(...args);
    } finally {
      Object.assign(globalThis, fake);
    }
  }

  /** Restores. */
  [Symbol.dispose](): void {
    this.restore();
  }
}
