import { NotOwnerError } from "../errors.ts";
import { Cell } from "../kernel/cell.ts";
import { Deque } from "../kernel/deque.ts";
import { type Holder, Lease } from "../kernel/holder.ts";
import { type CellReport, type Listed, listing, type Party, partyOf, whereIs } from "../kernel/listed.ts";
import { packPlain } from "../kernel/pack.ts";
import type { Request } from "../kernel/request.ts";
import { type Permit, PermitWords, SPARE } from "./permit_words.ts";

/** So many permits are in shared memory; the home alone has any further ones. */
const MAX_IN_MEMORY = 65_536;
/** So many permits that come later find a place there, too. */
const GROWTH = 256;

/** One who waits for a permit. */
interface Waiter {
  readonly number: number;
  readonly holder: Holder;
  /** How to tell it; one who waits synchronously looks at the memory. */
  readonly request: Request | undefined;
}

/** What one holder is called in the memory, how many spare permits it has, and what makes good its death. */
interface Member {
  readonly numbers: Set<number>;
  readonly lease: Lease;
  spare: number;
}

/**
 * The home of a lock or semaphore: the queue of those who wait, first come, first served, threads and subprocesses
 * alike, and the end of those who died with a permit.
 */
export class PermitCell extends Cell implements Listed {
  readonly words: PermitWords;
  /** What people call it. */
  readonly title: string;
  readonly #waiters = new Deque<Waiter>();
  readonly #members = new Map<Holder, Member>();
  readonly #holderOf = new Map<number, Holder>();
  readonly #grows: boolean;
  /** Free permits that are not in memory. */
  #spare: number;

  /** @param grows whether releasing what one does not have makes another permit */
  constructor(title: string, permits: number, grows: boolean) {
    super();
    this.title = title;
    const inMemory = Math.min(permits, MAX_IN_MEMORY);
    this.words = PermitWords.allocate(inMemory, grows ? GROWTH : 0);
    this.#spare = permits - inMemory;
    this.#grows = grows;
    listing.add(this);
  }

  receive(request: Request): void {
    // Who asks is known by its number in the memory, or has none there; what it gives back, by its index.
    const [number, index] = request.detail.split(" ").map(Number);
    const { from, verb } = request;
    switch (verb) {
      case "acquire":
        return this.#wait({ number: this.#numberFor(from, number), holder: from, request });
      case "tryAcquire":
        return this.#tryAcquire(request, this.#numberFor(from, number));
      case "acquireSync":
        this.enlist(from, number);
        return this.#wait({ number, holder: from, request: undefined });
      case "cancelSync":
        return this.#cancelSync(from, number);
      case "release":
        return this.#release(request, number, index);
      case "handOver":
        return void this.#free(index, number, from);
      case "kick":
        return this.#serve();
      default:
        request.throw(new TypeError(`Cannot ask a ${this.title}: no such request as "${verb}"`));
    }
  }

  report(): CellReport {
    const owners: Party[] = [];
    let permits = this.#spare;
    for (let index = 0; index < this.words.count; index++) {
      const number = this.words.ownerOf(index);
      if (number >= 0) permits++;
      const owner = this.#holderOf.get(number);
      if (owner !== undefined) owners.push(partyOf(owner));
    }
    for (const [holder, { spare }] of this.#members) {
      permits += spare;
      for (let n = 0; n < spare; n++) owners.push(partyOf(holder));
    }
    const waiters = [...this.#waiters].map((waiter) => ({ ...partyOf(waiter.holder), wait: numberOf(waiter) }));
    return { lock: { address: whereIs(this), kind: this.title, permits, owners, waiters } };
  }

  /** Makes a holder known under a number, so that its death frees what that number has. */
  enlist(holder: Holder, number: number): void {
    let member = this.#members.get(holder);
    if (member === undefined) {
      member = { numbers: new Set(), lease: new Lease(holder, () => this.#forget(holder)), spare: 0 };
      this.#members.set(holder, member);
    }
    member.numbers.add(number);
    this.#holderOf.set(number, holder);
  }

  override granted(_kind: string, holder: Holder, number: number): void {
    if (number > 0) this.enlist(holder, number);
  }

  override grantedToDead(_kind: string, number: number): void {
    if (number > 0) this.#abandon(number);
  }

  override returned(_kind: string, holder: Holder): void {
    this.#members.get(holder)?.lease.settle();
  }

  /** What a holder is called that has no memory to find its number in. */
  #numberFor(holder: Holder, number: number): number {
    if (number > 0) {
      if (this.#holderOf.get(number) !== holder) this.enlist(holder, number);
      return number;
    }
    const known = this.#members.get(holder)?.numbers.values().next().value;
    if (known !== undefined) return known;
    const made = this.words.nextNumber();
    this.enlist(holder, made);
    return made;
  }

  #wait(waiter: Waiter): void {
    this.#waiters.push(waiter);
    if (waiter.request !== undefined) {
      waiter.request.onCancel = () => {
        this.#waiters.remove(waiter);
        this.#serve();
      };
    }
    this.#serve();
  }

  #tryAcquire(request: Request, number: number): void {
    if (this.#waiters.size > 0 || !this.#grant({ number, holder: request.from, request })) request.reply();
  }

  /** Gives out what is free, in the order of waiting. */
  #serve(): void {
    // Before looking for what is free: whoever frees something after that comes here.
    this.words.contended = this.#waiters.size > 0;
    while (this.#waiters.size > 0 && this.#grant(this.#waiters.peek()!)) this.#waiters.shift();
    this.words.contended = this.#waiters.size > 0;
  }

  #grant({ number, holder, request }: Waiter): boolean {
    if (request === undefined) {
      if (this.words.claim(number) < 0) return false;
      this.words.ring();
      return true;
    }
    const permit = this.words.take(number) ?? this.#takeSpare(number, holder);
    if (permit === undefined) return false;
    const { index, abandoned } = permit;
    request.offer(packPlain([index, number, abandoned]), number, (kept) => {
      if (kept) return;
      if (abandoned) this.words.abandon(index);
      this.#free(index, number, holder);
    });
    return true;
  }

  #takeSpare(number: number, holder: Holder): Permit | undefined {
    if (this.#spare === 0) return undefined;
    this.#spare--;
    this.#members.get(holder)!.spare++;
    return { index: SPARE, number, abandoned: false };
  }

  /** Frees a permit, if it is that number's. */
  #free(index: number, number: number, holder: Holder): boolean {
    if (index === SPARE) {
      const member = this.#members.get(holder);
      if (member === undefined || member.spare === 0) return false;
      member.spare--;
      this.#spare++;
    } else if (this.#holderOf.get(number) !== holder || !this.words.free(index, number)) return false;
    this.#serve();
    return true;
  }

  /** One who waited synchronously gives up; it may have been given a permit in the meantime. */
  #cancelSync(holder: Holder, number: number): void {
    for (const waiter of [...this.#waiters]) if (waiter.number === number) this.#waiters.remove(waiter);
    const index = this.words.indexOf(number);
    if (index < 0 || !this.#free(index, number, holder)) this.#serve();
  }

  /** Frees what the caller has; a permit that it does not have is made where that is allowed. */
  #release(request: Request, number: number, index: number): void {
    if (number > 0 && this.#free(index, number, request.from)) return request.reply();
    if (!this.#grows) return request.throw(notOwner(this.title));
    if (!this.words.open()) this.#spare++;
    this.#serve();
    request.reply();
  }

  /** A holder is dead, or has given its handle back: what it had is free, and the next one is told. */
  #forget(holder: Holder): void {
    const member = this.#members.get(holder);
    if (member === undefined) return;
    this.#members.delete(holder);
    for (const number of member.numbers) this.#holderOf.delete(number);
    for (const waiter of [...this.#waiters]) {
      if (waiter.holder === holder && waiter.request === undefined) this.#waiters.remove(waiter);
    }
    this.#spare += member.spare;
    for (const number of member.numbers) this.#abandon(number);
    this.#serve();
  }

  #abandon(number: number): void {
    for (let index = this.words.indexOf(number); index >= 0; index = this.words.indexOf(number)) {
      this.words.abandon(index);
      this.words.free(index, number);
    }
    this.#serve();
  }
}

const waits = new WeakMap<Waiter, number>();
let lastWait = 0;

/** Tells one wait from another, for those who look twice. */
function numberOf(waiter: Waiter): number {
  const known = waits.get(waiter);
  if (known !== undefined) return known;
  waits.set(waiter, ++lastWait);
  return lastWait;
}

/** The error of one who releases what it does not have. */
export function notOwner(title: string): NotOwnerError {
  return new NotOwnerError(`Cannot release a ${title}: the caller does not hold it`);
}
