import type { Account } from "./account.ts";
import type { IsolateId } from "./address.ts";
import { isWithin } from "./address.ts";
import { singleton } from "./singleton.ts";

/**
 * One who can hold things: an actor, or a cell in which messages lie. Whatever it has of anybody here (a handle, a
 * place in a queue of waiters, an item not yet acknowledged, a lock) is a lease in its set, so that its death is
 * settled by one sweep, whatever it died of.
 */
export class Holder {
  readonly leases: Leases = new Leases();
  /** What this holder got from others by message; only of holders that live in this isolate. */
  readonly imports: Set<{ release(): void }> = new Set();
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
  ) {}
}

/** Something that a holder has until it gives it back or dies. */
export class Lease {
  /** Its neighbours among the leases of the holder; undefined once it has ended. */
  previous: Lease | undefined;
  next: Lease | undefined;
  #settle: (() => void) | undefined;
  readonly #account: Account | undefined;

  /**
   * @param settle what makes good the holder's death; not called when the lease is ended in the ordinary way
   * @param of what it belongs to, for those who look through all that a holder has
   * @param account counts it, if that is not the holder's own
   */
  constructor(
    readonly holder: Holder,
    settle: () => void,
    readonly of?: unknown,
    account: Account | undefined = holder.account,
  ) {
    this.#settle = settle;
    holder.leases.add(this);
    this.#account = account;
    if (account !== undefined) account.entries++;
    // Not in the constructor: the caller has yet to note down what it leases.
    if (holder.gone) queueMicrotask(() => this.settle());
  }

  /** Gives it back. */
  end(): void {
    this.#settle = undefined;
    if (!this.holder.leases.delete(this)) return;
    if (this.#account !== undefined) this.#account.entries--;
    if (this.holder.leases.size === 0) holders.idle(this.holder);
  }

  /** The holder is dead. */
  settle(): void {
    const settle = this.#settle;
    this.end();
    settle?.();
  }
}

/**
 * The leases of one holder, linked to each other: they come and go with every call, and a `Set` makes a new table after
 * every few of them.
 */
export class Leases {
  size = 0;
  #first: Lease | undefined;

  add(lease: Lease): void {
    lease.next = this.#first;
    if (this.#first !== undefined) this.#first.previous = lease;
    this.#first = lease;
    this.size++;
  }

  /** Returns whether it was one of them. */
  delete(lease: Lease): boolean {
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
  all(): Lease[] {
    const all: Lease[] = [];
    for (let lease = this.#first; lease !== undefined; lease = lease.next) all.push(lease);
    return all.reverse();
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
    if (slots === undefined || holder.resident || holder.imports.size > 0) return;
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
    if (!this.ending) { for (const imported of [...holder.imports]) imported.release(); }
    for (const lease of holder.leases.all()) lease.settle();
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
