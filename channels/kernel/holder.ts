import type { Account } from "./account.ts";
import type { IsolateId } from "./address.ts";
import { isWithin } from "./address.ts";
import { singleton } from "./singleton.ts";

/** Something that a holder got from another isolate, and gives back. */
interface Imported {
  release(): void;
}

/**
 * The leases of one holder, linked to each other: they come and go with every call, and a `Set` makes a new table after
 * every few of them.
 */
export class Leases {
  size = 0;
  #first: Held | undefined;

  add(lease: Held): void {
    lease.next = this.#first;
    if (this.#first !== undefined) this.#first.previous = lease;
    this.#first = lease;
    this.size++;
  }

  /** Returns whether it was one of them. */
  delete(lease: Held): boolean {
    const { previous, next } = lease;
    if (previous === undefined && this.#first !== lease) return false;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next !== undefined) next.previous = previous;
    lease.previous = lease.next = undefined;
    this.size--;
    return true;
  }

  /** All of them as they are now, the oldest first. */
  all(): Held[] {
    const all: Held[] = [];
    for (let lease = this.#first; lease !== undefined; lease = lease.next) all.push(lease);
    return all.reverse();
  }
}

/**
 * One who can hold things: an actor, or a cell in which messages lie. Whatever it has of anybody here (a handle, a
 * place in a queue of waiters, an item not yet acknowledged, a lock) is a lease in its set, so that its death is
 * settled by one sweep, whatever it died of.
 */
export class Holder extends Leases {
  // Most have none, and there may be a million of them.
  #imports: Set<Imported> | undefined;
  gone = false;

  /**
   * @param resident whether it lives in this isolate, whose own code knows when it ends
   * @param account of the stranger that it belongs to, if it does
   */
  constructor(
    readonly isolate: IsolateId,
    readonly slot: number,
    readonly resident: boolean = false,
    readonly account: Account | undefined = undefined,
  ) {
    super();
  }

  /** What it has: itself, so that each holder is one object. */
  get leases(): Leases {
    return this;
  }

  /** What this holder got from others by message; only of holders that live in this isolate. */
  get imports(): Set<Imported> {
    return this.#imports ??= new Set();
  }

  /** Whether it got anything from others. */
  get hasImports(): boolean {
    return this.#imports !== undefined && this.#imports.size > 0;
  }
}

/** Something that a holder has until it gives it back or dies. */
export abstract class Held {
  /** Its neighbours among what the holder has; undefined while the holder has it not. */
  previous: Held | undefined;
  next: Held | undefined;
  /** Counts it. */
  #account: Account | undefined;

  constructor(readonly holder: Holder) {}

  /** What makes good the holder's death; not called when it was given back in the ordinary way. */
  protected abstract dropped(): void;

  /** A request to stop has come to the holder. */
  stopped(): void {}

  /**
   * From now on the holder has it.
   *
   * @param account counts it, if that is not the holder's own
   */
  protected begin(account: Account | undefined = this.holder.account): void {
    const { holder } = this;
    holder.leases.add(this);
    this.#account = account;
    if (account !== undefined) account.entries++;
    // Not at once: the caller has yet to note down what is held.
    if (holder.gone) queueMicrotask(() => this.drop());
  }

  /** Gives it back. Returns whether the holder had it. */
  end(): boolean {
    const { holder } = this;
    if (!holder.leases.delete(this)) return false;
    if (this.#account !== undefined) this.#account.entries--;
    if (holder.leases.size === 0) holders.idle(holder);
    return true;
  }

  /** The holder is dead, or counts as such for this. */
  drop(): void {
    if (this.end()) this.dropped();
  }
}

/** The same for what has no class of its own. */
export class Lease extends Held {
  readonly #dropped: () => void;
  readonly #stopped: (() => void) | undefined;

  /**
   * @param dropped what makes good the holder's death; not called when the lease is ended in the ordinary way
   * @param account counts it, if that is not the holder's own
   * @param stopped called when a request to stop has come to the holder
   */
  constructor(holder: Holder, dropped: () => void, account?: Account, stopped?: () => void) {
    super(holder);
    this.#dropped = dropped;
    this.#stopped = stopped;
    this.begin(account);
  }

  override stopped(): void {
    this.#stopped?.();
  }

  protected override dropped(): void {
    this.#dropped();
  }
}

/** An isolate's holders without a lease are remembered up to this number, since most come again. */
const KEPT_IDLE = 64;
/** Those of strangers only while no more isolates than these are known: a stranger can make up any number. */
const KEPT_ISOLATES = 256;

/** Every holder that this isolate knows, by where it lives. */
export class Holders {
  /**
   * Whether this isolate ends. Until it has, its code goes on, so what it got from elsewhere is not given back by
   * message: it is everybody's again once the others hear that the isolate is gone.
   */
  ending = false;
  /** Whether an isolate is known to be dead. */
  isDead: (isolate: IsolateId) => boolean = () => false;
  /** The account of the stranger that an isolate belongs to, if it does. */
  accountOf: (isolate: IsolateId) => Account | undefined = () => undefined;
  readonly #byIsolate = new Map<IsolateId, Map<number, Holder>>();

  /** The one holder object for this isolate and slot; of a dead isolate one that is gone, and is not remembered. */
  get(isolate: IsolateId, slot: number): Holder {
    const known = this.#byIsolate.get(isolate)?.get(slot);
    if (known !== undefined) return known;
    // What the dead have sent may come late, and is nobody's any more.
    const gone = this.isDead(isolate);
    const holder = new Holder(isolate, slot, false, gone ? undefined : this.accountOf(isolate));
    holder.gone = gone;
    if (!holder.gone) this.#remember(holder);
    return holder;
  }

  /** Makes a holder that lives here known. */
  adopt(isolate: IsolateId, slot: number): Holder {
    const holder = new Holder(isolate, slot, true);
    this.#remember(holder);
    return holder;
  }

  #remember(holder: Holder): void {
    let slots = this.#byIsolate.get(holder.isolate);
    if (slots === undefined) this.#byIsolate.set(holder.isolate, slots = new Map());
    slots.set(holder.slot, holder);
  }

  /** The holder has no lease left: it need not be known, unless it lives here or holds something elsewhere. */
  idle(holder: Holder): void {
    const slots = this.#byIsolate.get(holder.isolate);
    if (slots === undefined || holder.resident || holder.hasImports) return;
    const isCrowded = holder.account !== undefined && this.#byIsolate.size > KEPT_ISOLATES;
    if (slots.size > KEPT_IDLE || isCrowded) this.#forget(slots, holder);
  }

  #forget(slots: Map<number, Holder>, holder: Holder): void {
    if (slots.get(holder.slot) !== holder) return;
    slots.delete(holder.slot);
    if (slots.size === 0) this.#byIsolate.delete(holder.isolate);
  }

  /** Settles everything that this holder had here, and gives back what it got from elsewhere. */
  sweep(holder: Holder): void {
    holder.gone = true;
    // First, as each gives back one lease of many: after the sweep of those it would be counted twice.
    if (!this.ending && holder.hasImports) { for (const imported of [...holder.imports]) imported.release(); }
    if (holder.size > 0) { for (const lease of holder.all()) lease.drop(); }
    const slots = this.#byIsolate.get(holder.isolate);
    if (slots !== undefined) this.#forget(slots, holder);
  }

  /** The same for all holders of an isolate and of those below it. */
  sweepIsolate(gone: IsolateId): void {
    for (const [isolate, slots] of [...this.#byIsolate]) {
      if (!isWithin(isolate, gone)) continue;
      for (const holder of [...slots.values()]) this.sweep(holder);
    }
  }
}

/** This isolate's. */
export const holders: Holders = singleton("holders", () => new Holders());
