import { eventLoop } from "../kernel/event_loop.ts";
import { singleton } from "../kernel/singleton.ts";
import { CAN_SPIN, Lookout, spin } from "./spinning.ts";

/** Whether an isolate sleeps. */
const STATE = 0;
const AWAKE = 0;
const ASLEEP = 1;
/** 1 when it is to do nothing more. */
const DOOMED = 1;

/** The words of an isolate that others wake it by. */
export type Bell = Int32Array<SharedArrayBuffer>;

/** How many words a bell has. */
export const BELL_WORDS = 2;

/** Memory for a bell. */
export function allocateBell(): Bell {
  return new Int32Array(new SharedArrayBuffer(BELL_WORDS * Int32Array.BYTES_PER_ELEMENT));
}

/** Wakes an isolate if it sleeps. Returns whether it did: then the sleeper's core, or this one, is being handed over. */
export function ring(bell: Bell): boolean {
  if (Atomics.load(bell, STATE) === AWAKE) return false;
  if (Atomics.compareExchange(bell, STATE, ASLEEP, AWAKE) !== ASLEEP) return false;
  Atomics.notify(bell, STATE);
  return true;
}

/**
 * Lets an isolate that is about to be terminated receive nothing more. Its execution is cut off only once, whatever it is
 * that runs then, and must not go on with something endless that comes in afterwards.
 */
export function doom(bell: Bell): void {
  Atomics.store(bell, DOOMED, 1);
}

/** Whether an isolate is about to be terminated. */
export function isDoomed(bell: Bell): boolean {
  return Atomics.load(bell, DOOMED) !== 0;
}

/** Where work may come in without any event. */
export interface Entrance {
  /** Whether there is something to do. */
  readonly waiting: boolean;
  /** Does it, at most `most` pieces of it. Never throws. */
  visit(most: number): void;
}

/** So much is done at one entrance before another, or the event loop, gets its turn. */
const MOST_PER_VISIT = 1024;
/** How often the microtasks of others get their turn before the thread is taken for idle. */
const QUIET_TICKS = 4;
/** How long to look out before going to sleep. */
const WATCH_MS = 0.05;

/**
 * How an isolate learns that something has come into memory that it shares with others.
 *
 * A sleeping thread takes 25 µs to wake, and whoever wakes it 12. So after it has sent or received something it looks
 * out for more: first while the microtasks run that what came has started, then for a few microseconds at a stretch,
 * then between turns of its event loop, if that has paid lately. Then it sleeps, and whoever has something for it rings
 * its bell. Asleep an isolate uses no processor, and is not kept alive.
 */
export class Doorbell {
  #bell: Bell = allocateBell();
  readonly #entrances: Entrance[] = [];
  /** Ends the sleep. */
  #wake: () => void = () => {};
  /** Whether a wait for the bell is under way; one lasts until the bell rings, however often this sleeps meanwhile. */
  #armed = false;
  /** Whether something has happened here since looking out began. */
  #stirred = false;
  /** Whether something was sent since anything came. */
  #sent = false;
  /** Whether whoever it was sent to had to be woken. */
  #rang = false;
  /** Whether it was the bell that ended the last sleep. */
  #woken = false;
  readonly #lookout = new Lookout();
  readonly #isWaiting = () => this.#waiting;

  constructor() {
    // Here nobody's asynchronous context reaches: what comes is handled on behalf of nobody else.
    void this.#attend();
  }

  /** What whoever is to wake this isolate rings. */
  get bell(): Bell {
    return this.#bell;
  }

  /** Uses this bell, which others may have already. To be done before there is any entrance. */
  hang(bell: Bell): void {
    this.#bell = bell;
  }

  /** Looks after an entrance. */
  add(entrance: Entrance): void {
    this.#entrances.push(entrance);
    this.stir();
  }

  /** Does so no longer. */
  remove(entrance: Entrance): void {
    const at = this.#entrances.indexOf(entrance);
    if (at >= 0) this.#entrances.splice(at, 1);
  }

  /**
   * Something was sent, and there may be an answer.
   *
   * @param rang whether who it was sent to had to be woken
   */
  sent(rang: boolean): void {
    this.#sent = true;
    if (rang) this.#rang = true;
    this.stir();
  }

  /** Something may be waiting at an entrance. */
  stir(): void {
    this.#stirred = true;
    this.#wake();
  }

  async #attend(): Promise<void> {
    while (true) {
      await this.#sleep();
      while (await this.#watch()) {
        if (isDoomed(this.#bell)) return;
        for (let i = 0; i < this.#entrances.length; i++) {
          if (this.#entrances[i].waiting) this.#entrances[i].visit(MOST_PER_VISIT);
        }
        if (eventLoop.due) await eventLoop.turn();
      }
    }
  }

  get #waiting(): boolean {
    for (let i = 0; i < this.#entrances.length; i++) if (this.#entrances[i].waiting) return true;
    return false;
  }

  /** Resolves when the bell has rung, or something has happened here. */
  async #sleep(): Promise<void> {
    this.#woken = false;
    if (this.#entrances.length > 0) {
      Atomics.store(this.#bell, STATE, ASLEEP);
      this.#arm();
    }
    // What came before the bell was hung up has not rung it.
    if (!this.#waiting && !this.#stirred) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      eventLoop.slept();
    }
    Atomics.store(this.#bell, STATE, AWAKE);
  }

  #arm(): void {
    if (this.#armed) return;
    const { async, value } = Atomics.waitAsync(this.#bell, STATE, ASLEEP);
    if (!async) return this.stir();
    this.#armed = true;
    void value.then(() => {
      this.#armed = false;
      this.#woken = true;
      this.stir();
    });
  }

  /** Looks out. False when nothing has come and it is time to sleep. */
  async #watch(): Promise<boolean> {
    for (let tick = 0; tick < QUIET_TICKS; tick++) {
      if (this.#waiting) return this.#came();
      if (this.#stirred) {
        this.#stirred = false;
        tick = 0;
      }
      await undefined;
    }
    if (!this.maySpin || !this.#lookout.pays()) return false;
    const began = performance.now();
    if (this.#sent && !eventLoop.due && spin(this.#isWaiting)) return this.#paid();
    do {
      await eventLoop.turn();
      if (this.#waiting) return this.#paid();
      // Another look from the beginning: somebody may be about to answer.
      if (this.#stirred) return true;
    } while (performance.now() < began + WATCH_MS);
    this.#lookout.inVain();
    return false;
  }

  /**
   * Whether this isolate may keep its core while it waits. The isolate that it has just woken may have been given the
   * same core. But if both sides always made way, both would sleep before each answer for ever: so an isolate that was woken itself
   * does not.
   */
  get maySpin(): boolean {
    return CAN_SPIN && (!this.#rang || this.#woken);
  }

  #paid(): true {
    this.#lookout.paid();
    return this.#came();
  }

  #came(): true {
    this.#sent = this.#rang = false;
    return true;
  }
}

/** This isolate's. */
export const doorbell: Doorbell = singleton("doorbell", () => new Doorbell());
