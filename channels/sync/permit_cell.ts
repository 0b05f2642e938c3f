import { NotOwnerError } from "../errors.ts";
import { MAIN_SLOT, sameProcess } from "../kernel/address.ts";
import { Cell } from "../kernel/cell.ts";
import { Deque } from "../kernel/deque.ts";
import { type Holder, holders, Lease } from "../kernel/holder.ts";
import { isolate } from "../kernel/isolate.ts";
import { type CellReport, type Listed, listing, partyOf, whereIs } from "../kernel/listed.ts";
import { packPlain } from "../kernel/pack.ts";
import { noSuchRequest, type Request } from "../kernel/request.ts";
import { MAIN_NUMBER, type Permit, PermitWords, SPARE } from "./permit_words.ts";

/** So many permits are in shared memory; the home alone has any further ones. */
const MAX_IN_MEMORY = 65_536;
/** So many permits that come later find a place there, too. */
const GROWTH = 256;

/** The verbs of messages whose senders wait for no answer. */
const CASTS: ReadonlySet<string> = new Set(["acquireSync", "cancelSync", "kick", "release"]);

/** Whether it is the home's main actor, which cannot die before what it made, and so is not enlisted. */
function isMain(holder: Holder): boolean {
  return holder.resident && holder.slot === MAIN_SLOT;
}

/** What locks and semaphores differ in. */
export interface PermitKind {
  /** What its handles are called on their way. */
  readonly name: string;
  /** What people call it. */
  readonly title: string;
  /** How many it has, if that is always the same. */
  readonly permits?: number;
  /** Whether releasing what one does not have makes another permit. */
  readonly grows: boolean;
}

/** One who waits for a permit. */
interface Waiter {
  readonly number: number;
  readonly holder: Holder;
  /** How to tell it; one who waits synchronously looks at the memory. */
  readonly request: Request | undefined;
}

/** What one holder is called in the memory, its waits and its spare permits, and what makes good its death. */
interface Member {
  readonly numbers: Set<number>;
  readonly lease: Lease;
  readonly waiters: Set<Waiter>;
  spares: number;
}

/**
 * The home of a lock or semaphore: the queue of those who wait, first come, first served, threads and subprocesses
 * alike, and the end of those who died with a permit.
 */
export class PermitCell extends Cell implements Listed {
  readonly words: PermitWords;
  readonly #kind: PermitKind;
  readonly #waiters = new Deque<Waiter>();
  readonly #members = new Map<Holder, Member>();
  /** What those are called who use it here, where no handle came to them. */
  readonly #residents = new WeakMap<Holder, number>();

  constructor(kind: PermitKind, permits: number = kind.permits!) {
    super();
    this.#kind = kind;
    const inMemory = Math.min(permits, MAX_IN_MEMORY);
    this.words = PermitWords.allocate(inMemory, kind.grows ? GROWTH : 0);
    this.words.spares = permits - inMemory;
    listing.add(this);
  }

  /** Who has permits, each as often as it has one. */
  get owners(): Holder[] {
    const byNumber = new Map([[MAIN_NUMBER, holders.get(isolate.id, MAIN_SLOT)]]);
    const owners: Holder[] = [];
    for (const [holder, { numbers, spares }] of this.#members) {
      for (const number of numbers) byNumber.set(number, holder);
      for (let n = 0; n < spares; n++) owners.push(holder);
    }
    for (const number of this.words.owners()) {
      const holder = byNumber.get(number);
      if (holder !== undefined) owners.push(holder);
    }
    return owners;
  }

  /** How many permits nobody has. */
  get free(): number {
    return this.words.countFree() + this.words.spares;
  }

  /** Who waits for a permit, in the order in which they will get one. */
  get waiting(): Holder[] {
    return [...this.#waiters].map(({ holder }) => holder);
  }

  override takesCast(verb: string): boolean {
    return CASTS.has(verb);
  }

  receive(request: Request): void {
    // Who asks is known by its number in the memory, or has none there; what it gives back, by its index.
    const [claimed, index] = request.detail.split(" ").map(Number);
    const { from, verb } = request;
    // Only who has the memory knows its number from there, and may work on it; elsewhere it is what was given here.
    const hasMemory = sameProcess(isolate.id, from.isolate);
    // It may be here before the news of what it was called, which came from another.
    if (hasMemory && claimed > 0) this.enlist(from, claimed);
    const number = hasMemory || this.#knows(from, claimed) ? claimed : 0;
    if (!hasMemory && !["acquire", "tryAcquire", "release"].includes(verb)) return this.#refuse(request);
    switch (verb) {
      case "acquire":
        return this.#wait({ number: this.#numberOf(from, number), holder: from, request });
      case "tryAcquire":
        return this.#tryAcquire({ number: this.#numberOf(from, number), holder: from, request });
      case "acquireSync":
        return this.#acquireSync(from, number);
      case "cancelSync":
        return this.#cancelSync(from, number);
      case "release":
        return this.#release(request, claimed, index);
      case "kick":
        return this.#serve();
      default:
        return this.#refuse(request);
    }
  }

  #refuse(request: Request): void {
    request.throw(noSuchRequest(`a ${this.#kind.title}`, request.verb));
  }

  report(): CellReport {
    const owners = this.owners.map(partyOf);
    const waiters = [...this.#waiters].map((waiter) => ({ ...partyOf(waiter.holder), wait: numberOf(waiter) }));
    const permits = this.free + owners.length;
    return { lock: { address: whereIs(this), kind: this.#kind.title, permits, owners, waiters } };
  }

  /** What a holder of this isolate is called in the memory. */
  residentNumber(holder: Holder): number {
    if (isMain(holder)) return MAIN_NUMBER;
    let number = this.#residents.get(holder);
    if (number === undefined) this.#residents.set(holder, number = this.words.nextNumber());
    return number;
  }

  /** Makes a holder known under a number, so that its death frees what that number has. */
  enlist(holder: Holder, number: number): void {
    if (number === MAIN_NUMBER) return;
    this.#memberOf(holder).numbers.add(number);
  }

  #memberOf(holder: Holder): Member {
    let member = this.#members.get(holder);
    if (member === undefined) {
      const lease = new Lease(holder, () => this.#forget(holder));
      member = { numbers: new Set(), lease, waiters: new Set(), spares: 0 };
      this.#members.set(holder, member);
    }
    return member;
  }

  /** Undoes `enlist` for a number that has nothing, and waits for nothing. */
  delist(holder: Holder, number: number): void {
    const member = this.#members.get(holder);
    if (member?.numbers.delete(number)) this.#prune(holder, member);
  }

  #prune(holder: Holder, { numbers, spares, lease }: Member): void {
    if (numbers.size > 0 || spares > 0) return;
    this.#members.delete(holder);
    lease.end();
  }

  override granted(_kind: string, holder: Holder, number: number): void {
    if (number > 0) this.enlist(holder, number);
  }

  override grantedTooLate(_kind: string, number: number): void {
    if (number > 0) this.#abandon(number);
  }

  override returned(_kind: string, holder: Holder): void {
    this.#members.get(holder)?.lease.drop();
  }

  #knows(holder: Holder, number: number): boolean {
    return number === MAIN_NUMBER ? isMain(holder) : this.#members.get(holder)?.numbers.has(number) ?? false;
  }

  /** What a holder is called: as it says, if that is so. One in another process has no memory to find a number in. */
  #numberOf(holder: Holder, number: number): number {
    if (this.#knows(holder, number)) return number;
    const known = this.#members.get(holder)?.numbers.values().next().value;
    if (known !== undefined) return known;
    const made = this.words.nextNumber();
    this.enlist(holder, made);
    return made;
  }

  #wait(waiter: Waiter): void {
    this.#waiters.push(waiter);
    this.#members.get(waiter.holder)?.waiters.add(waiter);
    if (waiter.request !== undefined) {
      waiter.request.onCancel = () => {
        this.#leave(waiter);
        this.#serve();
      };
    }
    this.#serve();
  }

  #tryAcquire(waiter: Waiter): void {
    const permit = this.#waiters.size > 0 ? undefined : this.#take(waiter);
    if (permit === undefined) waiter.request!.reply();
    else this.#offer(waiter, permit);
  }

  /** Gives out what is free, in the order of waiting. */
  #serve(): void {
    // Before looking for what is free: whoever frees something after that comes here.
    this.words.contended = this.#waiters.size > 0;
    for (let first = this.#waiters.peek(); first !== undefined; first = this.#waiters.peek()) {
      const permit = this.#take(first);
      if (permit === undefined) break;
      this.#leave(first);
      this.#offer(first, permit);
    }
    this.words.contended = this.#waiters.size > 0;
  }

  #take({ number, holder, request }: Waiter): Permit | undefined {
    if (request !== undefined) {
      const permit = this.words.take(number);
      if (permit !== undefined) return permit;
    } else {
      const index = this.words.claim(number);
      if (index >= 0) return { index, number, abandoned: false };
    }
    if (this.words.spares === 0 || (request === undefined && !this.words.give(number))) return undefined;
    this.words.spares--;
    this.#memberOf(holder).spares++;
    return { index: SPARE, number, abandoned: false };
  }

  #offer({ number, holder, request }: Waiter, { index, abandoned }: Permit): void {
    if (request === undefined) return this.words.ring();
    request.offer(packPlain([index, number, abandoned]), number, (kept) => {
      if (!kept && this.#free(index, number, holder, abandoned)) this.#serve();
    });
  }

  /** Frees a permit, if it is that holder's under that number; `abandoned` is what its next owner is told. */
  #free(index: number, number: number, holder: Holder, abandoned: boolean = false): boolean {
    const member = this.#members.get(holder);
    if (index === SPARE) {
      if (member === undefined || member.spares === 0) return false;
      member.spares--;
      this.words.spares++;
      this.#prune(holder, member);
      return true;
    }
    if (!this.#knows(holder, number)) return false;
    if (abandoned) this.words.abandon(index);
    return this.words.free(index, number);
  }

  #acquireSync(holder: Holder, number: number): void {
    // In another process nobody would see what it is given.
    if (!sameProcess(isolate.id, holder.isolate)) return;
    this.enlist(holder, number);
    this.#wait({ number, holder, request: undefined });
  }

  /** One who waited synchronously gives up, and its number with it. It may have been given a permit in the meantime. */
  #cancelSync(holder: Holder, number: number): void {
    if (!this.#knows(holder, number)) return;
    for (const waiter of this.#members.get(holder)?.waiters ?? []) {
      if (waiter.number === number && waiter.request === undefined) this.#leave(waiter);
    }
    if (this.words.takeGift(number)) this.#free(SPARE, number, holder);
    const index = this.words.indexOf(number);
    if (index >= 0) this.#free(index, number, holder);
    this.delist(holder, number);
    this.#serve();
  }

  /** It waits no more. */
  #leave(waiter: Waiter): void {
    this.#waiters.remove(waiter);
    this.#members.get(waiter.holder)?.waiters.delete(waiter);
  }

  /**
   * Frees what the caller has. If it names nothing it has nothing, and another permit is made where that is allowed;
   * what it does not have any more, since it is dead, makes none.
   */
  #release(request: Request, number: number, index: number): void {
    if (number === 0 && this.#kind.grows) {
      if (!this.words.open()) this.words.spares++;
    } else if (!this.#free(index, number, request.from)) return request.throw(notOwner(this.#kind));
    this.#serve();
    request.reply();
  }

  /** A holder is dead, or has given its handle back: what it had is free, and the next one is told. */
  #forget(holder: Holder): void {
    const member = this.#members.get(holder);
    if (member === undefined) return;
    this.#members.delete(holder);
    // At once: what one of them were given now would be nobody's.
    for (const waiter of member.waiters) this.#waiters.remove(waiter);
    this.words.spares += member.spares;
    for (const number of member.numbers) this.#abandon(number);
    this.#serve();
  }

  #abandon(number: number): void {
    this.words.takeGift(number);
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
export function notOwner({ title }: PermitKind): NotOwnerError {
  return new NotOwnerError(`Cannot release a ${title}: the caller does not hold it`);
}
