import { DisconnectedError, TimeoutError } from "../errors.ts";
import { ask, tell } from "../kernel/ask.ts";
import type { Question } from "../kernel/question.ts";
import type { Address } from "../kernel/address.ts";
import { isCell, type Target } from "../kernel/cell.ts";
import type { Holder } from "../kernel/holder.ts";
import { isolate } from "../kernel/isolate.ts";
import { EMPTY_PACKET } from "../kernel/packet.ts";
import { expected, isFlag, isNumber, startsWith } from "../kernel/shape.ts";
import { type Patience, patience } from "../kernel/wait.ts";
import { notOwner, type PermitCell } from "./permit_cell.ts";
import type { PermitClient } from "./permit_client.ts";
import { type Permit, type PermitWords, SPARE } from "./permit_words.ts";
import { Spin } from "./spin.ts";
import { beginBlocking, checkStop, isLost } from "./stop_word.ts";

/** One who waits synchronously looks up this often, to see whether it has been asked to stop. */
const SLICE_MS = 50;

/**
 * Once somebody waits at home all others do, since nobody takes the lock past them: that ends when one of them looks at the
 * lock for as long as its home needs to give it to the next. So that is longer than others spin, and more often.
 */
const SPIN_MS = 0.05;
const MOST_SKIPPED = 15;

/** How long to wait for a lock that one has to have again: no request to stop ends that. */
const FOR_EVER: Patience = patience("acquire a lock", undefined);

const isPermit = startsWith(isNumber, isNumber, isFlag);

/** The seats of one actor, by lock. A seat that has nothing goes with the last handle that uses it. */
class Seats {
  readonly known = new Map<Target | string, WeakRef<PermitSeat>>();
  /** Those that have or await something: they stay, and the handles with them. */
  readonly taken: PermitSeat[] = [];
}

const seatsOf = new WeakMap<Holder, Seats>();
const collected = new FinalizationRegistry<() => void>((forget) => forget());

/**
 * What one actor has of one lock or semaphore, however many handles it has to it. Where the memory is shared, taking a
 * permit that is free and giving one back that nobody waits for is done here, without a message.
 */
export class PermitSeat {
  /** What it has now, in the order of taking. */
  readonly held: Permit[] = [];
  /** How often the owner of a re-entrant lock has entered it again. */
  depth = 0;
  readonly holder: Holder;
  readonly #client: PermitClient;
  readonly #seats: Seats;
  readonly #number: number;
  readonly #words: PermitWords | undefined;
  readonly #spin = new Spin(SPIN_MS, MOST_SKIPPED);
  /** How many permits it has, and waits for. */
  #uses = 0;
  /** Where it is among those taken. */
  #place = 0;

  private constructor(client: PermitClient, holder: Holder, seats: Seats) {
    this.#client = client;
    this.holder = holder;
    this.#seats = seats;
    this.#number = client.numberOf(holder);
    this.#words = this.#number === 0 ? undefined : client.words;
  }

  /** The seat of the actor that calls itself `holder`, at the lock to which it has this way. */
  static of(client: PermitClient, holder: Holder): PermitSeat {
    let seats = seatsOf.get(holder);
    if (seats === undefined) seatsOf.set(holder, seats = new Seats());
    const { key } = client;
    const { known } = seats;
    let seat = known.get(key)?.deref();
    if (seat === undefined) {
      known.set(key, new WeakRef(seat = new PermitSeat(client, holder, seats)));
      collected.register(seat, () => known.get(key)?.deref() ?? known.delete(key));
    }
    return seat;
  }

  /** Takes a permit, waiting for one. */
  async acquire(wait: Patience): Promise<Permit> {
    const permit = this.#takeFree() ??
      (wait.once ? await this.tryAcquire() : this.#takeSoon() ?? await this.#ask("acquire", wait));
    if (permit === undefined) throw this.#late(wait.timeoutMs);
    return permit;
  }

  /** Takes a permit if one is free now and nobody waits. */
  async tryAcquire(): Promise<Permit | undefined> {
    return this.#takeFree() ?? await this.#ask("tryAcquire");
  }

  /** Takes a permit, blocking this thread. */
  acquireSync(wait: Patience): Permit {
    const words = this.#assertSync();
    const permit = this.#takeFree();
    if (permit !== undefined) return permit;
    if (wait.once) throw this.#late(wait.timeoutMs);
    if (this.holder.gone) throw new DOMException("Cannot acquire a lock: the actor has ended", "AbortError");
    const soon = this.#takeSoon();
    if (soon !== undefined) return soon;
    const number = this.#client.sleepingNumber ??= words.nextNumber();
    const deadline = performance.now() + wait.timeoutMs;
    const blocking = beginBlocking((this.#client.target as Address).isolate);
    this.#tell("acquireSync", number, SPARE);
    void isolate.flush();
    try {
      for (let first = true;; first = false) {
        const { bell } = words;
        const given = words.given(number, this.#number);
        if (given !== undefined) {
          // Others may be waiting for such a one.
          if (given.index === SPARE) this.#tell("kick", number, SPARE);
          return this.#note(given);
        }
        // Not before it has waited a little: who stops may still want a lock that is soon free.
        if (!first) checkStop();
        if (isLost(blocking)) throw this.#lost("acquire");
        const left = deadline - performance.now();
        if (left <= 0) throw this.#late(wait.timeoutMs);
        if (words.sleep(bell, Math.min(SLICE_MS, left))) continue;
        // The thread that freed it has told the home, but that may have to pass through this very thread.
        if (words.hasFree) this.#tell("kick", number, SPARE);
        // What had no room before may have some by now.
        void isolate.flush();
      }
    } catch (error) {
      // The number is not used again: a gift may be on its way to it.
      this.#client.sleepingNumber = undefined;
      if (!isLost(blocking)) this.#tell("cancelSync", number, SPARE);
      throw error;
    }
  }

  /** Gives a permit back, the last one if none is named; resolves when that is certain. */
  async release(permit: Permit | undefined = this.held.at(-1)): Promise<void> {
    if (permit !== undefined && this.#words !== undefined && permit.index !== SPARE) return this.releaseSync(permit);
    this.#assertOwner(permit);
    this.#forget(permit);
    const { number, index } = permit ?? NONE;
    const lost = () => this.#lost("release");
    await ask(this.#client.target, { holder: this.holder, verb: "release", detail: `${number} ${index}`, lost });
  }

  /** The same without waiting for anything. */
  releaseSync(permit: Permit | undefined = this.held.at(-1)): void {
    this.#assertOwner(permit);
    this.#forget(permit);
    const { number, index } = permit ?? NONE;
    const words = this.#words;
    if (words === undefined || index === SPARE) return this.#tell("release", number, index);
    words.free(index, number);
    if (words.contended) this.#tell("kick", number, index);
  }

  /** Gives up what it has, and gives what takes it again: the same, for all who have a guard of it. */
  async suspend(): Promise<() => Promise<void>> {
    const permit = this.held.at(-1)!;
    const { depth } = this;
    this.depth = 0;
    this.#begin();
    const resume = async () => {
      try {
        const again = await this.acquire(FOR_EVER);
        this.held.splice(this.held.indexOf(again), 1, Object.assign(permit, again));
        this.depth = depth;
      } finally {
        this.#end();
      }
    };
    try {
      await this.release(permit);
      return resume;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** @throws {TypeError} If waiting here would block the one who has to answer, or the memory is not shared. */
  #assertSync(): PermitWords {
    const { target, kind: { title } } = this.#client;
    if (isCell(target)) {
      throw new TypeError(
        `Cannot acquire a ${title} synchronously: its home is this thread, which would wait for itself`,
      );
    }
    if (this.#words !== undefined) return this.#words;
    throw new TypeError(`Cannot acquire a ${title} synchronously: its memory is not shared with this actor`);
  }

  /** @throws {DisconnectedError} If the lock's home is gone. */
  assertHome(): void {
    const { target } = this.#client;
    if (!isCell(target) && isolate.exitOf(target.isolate) !== undefined) throw this.#lost("acquire");
  }

  #assertOwner(permit: Permit | undefined): void {
    const { kind } = this.#client;
    if (permit === undefined ? !kind.grows : !this.held.includes(permit)) throw notOwner(kind);
  }

  /** Takes a permit if that can be done without a message. */
  #takeFree(): Permit | undefined {
    this.assertHome();
    // The code of a dead actor may go on; the home has freed what it had, and would not hear of any more.
    if (this.#words === undefined || this.holder.gone) return undefined;
    const permit = this.#words.takeNext(this.#number);
    return permit && this.#note(permit);
  }

  /** The same if another thread is about to release it. Waiting at home, and being woken, takes many times as long. */
  #takeSoon(): Permit | undefined {
    const words = this.#words;
    // A permit that this thread itself has is not released while it looks.
    if (words === undefined || words.count > 1 || this.holder.gone || this.held.length > 0) return undefined;
    let permit: Permit | undefined;
    this.#spin.until(() => words.hasFree && (permit = words.takeNext(this.#number)) !== undefined);
    return permit && this.#note(permit);
  }

  #note(permit: Permit): Permit {
    this.#begin();
    this.held.push(permit);
    return permit;
  }

  #forget(permit: Permit | undefined): void {
    if (permit === undefined) return;
    if (permit === this.held.at(-1)) this.held.pop();
    else this.held.splice(this.held.indexOf(permit), 1);
    this.#end();
  }

  /** Something is had or awaited. */
  #begin(): void {
    if (this.#uses++ > 0) return;
    this.#place = this.#seats.taken.push(this) - 1;
    const { target } = this.#client;
    if (isCell(target)) (target as PermitCell).enlist(this.holder, this.#number);
  }

  #end(): void {
    if (--this.#uses > 0) return;
    const last = this.#seats.taken.pop()!;
    if (last !== this) {
      this.#seats.taken[this.#place] = last;
      last.#place = this.#place;
    }
    const { target } = this.#client;
    if (isCell(target)) (target as PermitCell).delist(this.holder, this.#number);
  }

  async #ask(verb: string, wait?: Patience): Promise<Permit | undefined> {
    let permit: Permit | undefined;
    const question: Question = {
      holder: this.holder,
      verb,
      detail: `${this.#number} ${SPARE}`,
      lost: () => this.#lost("acquire"),
      late: (timeoutMs) => this.#late(timeoutMs),
      tagged: (_tag, value) => {
        const [index, number, abandoned] = expected("a permit", value, isPermit);
        permit = this.#note({ index, number, abandoned });
      },
    };
    this.#begin();
    try {
      await ask(this.#client.target, wait === undefined ? question : { ...question, wait });
      return permit;
    } finally {
      this.#end();
    }
  }

  #tell(verb: string, number: number, index: number): void {
    tell(this.#client.target, this.holder, verb, `${number} ${index}`, EMPTY_PACKET);
  }

  #lost(action: string): DisconnectedError {
    return new DisconnectedError(`Cannot ${action} a ${this.#client.kind.title}: its home is gone`);
  }

  #late(timeoutMs: number): TimeoutError {
    const { title } = this.#client.kind;
    return new TimeoutError(`Cannot acquire a ${title}: it was not free for ${timeoutMs} ms`, { timeoutMs });
  }
}

/** What is released by one who has nothing, to make another permit. */
const NONE: Pick<Permit, "number" | "index"> = { number: 0, index: SPARE };
