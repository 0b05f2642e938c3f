import type { Item, ItemStore } from "./item_store.ts";
import { Held, type Holder } from "./kernel/holder.ts";
import { packPlain } from "./kernel/pack.ts";
import type { Request } from "./kernel/request.ts";
import { type Deadline, wheel } from "./kernel/wheel.ts";

/** A reader is lent at most so many items at once, and no more than it has lately begun in so many milliseconds. */
const MOST_LENT = 64;
const AHEAD_MS = 1;
/** A reader that has not given back in this time computes. */
const RECALL_MS = 50;

/** What one reader in another process has been lent. */
class FarLoan extends Held {
  /** What it has not begun, as far as is known; and how many it has said to have begun of what it was lent last. */
  lent: Item[] = [];
  begun = 0;
  /** Its open request to be told when something is to come back. */
  readonly recall: Request;
  isRecalled = false;
  /** Whether it was asked to give back, and has not in the time that one takes whose event loop turns. */
  isDeaf = false;
  /** How many it was lent last, and when. */
  #most = 1;
  #lentAt = 0;
  readonly #loans: FarLoans;

  constructor(recall: Request, loans: FarLoans) {
    super(recall.from);
    this.recall = recall;
    this.#loans = loans;
    this.begin();
  }

  /** How many it has not begun, as far as is known. */
  get size(): number {
    return this.lent.length;
  }

  /** How many to lend now: all it was lent before has been begun. */
  get most(): number {
    const ms = performance.now() - this.#lentAt;
    const pace = this.#most * AHEAD_MS / Math.max(ms, AHEAD_MS / MOST_LENT);
    this.#most = Math.max(1, Math.min(MOST_LENT, 2 * this.#most, Math.floor(pace)));
    this.#lentAt = performance.now();
    return this.#most;
  }

  protected override dropped(): void {
    this.#loans.end(this);
  }
}

/**
 * What the home of a queue gives readers in other processes in advance: several items travel in a frame. A reader says which
 * it has begun, and home has back what a dead one has not. When somebody else waits and home has nothing, it asks a reader
 * to give back what it has not begun; one whose event loop does not turn cannot, and so is lent no more than it has lately
 * begun in a millisecond.
 */
export class FarLoans {
  readonly #store: ItemStore;
  readonly #loans = new Map<Holder, FarLoan>();
  /** What is to be done when those who were asked to give back have done so. */
  #then: (() => void)[] = [];
  #deadline: Deadline | undefined;

  constructor(store: ItemStore) {
    this.#store = store;
  }

  /** How many lent items nobody has begun. */
  get size(): number {
    let size = 0;
    for (const loan of this.#loans.values()) size += loan.size;
    return size;
  }

  /** Whether somebody may give back an item before long. */
  get mayGiveBack(): boolean {
    for (const { size, isDeaf } of this.#loans.values()) if (size > 0 && !isDeaf) return true;
    return false;
  }

  /** A reader would be lent items, and is told when they are to come back, by the answer. */
  open(request: Request): void {
    this.#endOf(request.from);
    this.#loans.set(request.from, new FarLoan(request, this));
    request.onCancel = () => this.#endOf(request.from);
  }

  /** Somebody asks for an item. Returns whether that is a reader, and was lent some. */
  serve(request: Request): boolean {
    const loan = this.#loanOf(request);
    if (loan === undefined) return false;
    this.#settle(loan, loan.lent.length);
    loan.begun = 0;
    const { most } = loan;
    // What is taken by itself needs no word when it is begun.
    if (loan.isRecalled || most === 1 || this.#store.size <= 1) return false;
    loan.lent = this.#store.lend(most);
    if (loan.lent.length === 0) return false;
    request.replyPacket(packPlain(loan.lent.map(({ packet }) => packet.bytes)));
    return true;
  }

  /** A reader says how many it has begun of what it was lent last. */
  began({ from, detail }: Request): void {
    const loan = this.#loans.get(from);
    const begun = Number(detail);
    if (loan === undefined || !(begun > loan.begun) || begun - loan.begun > loan.lent.length) return;
    this.#settle(loan, begun - loan.begun);
    loan.begun = begun;
  }

  /** A reader gives back what it has not begun. */
  gaveBack(request: Request): void {
    this.began(request);
    this.#endOf(request.from);
  }

  /**
   * Somebody wants an item: those who have any not begun are to give them back.
   *
   * @param then called when they have, or have not in the time that it takes one whose event loop turns
   */
  recall(then?: () => void): void {
    for (const loan of this.#loans.values()) {
      if (loan.isRecalled || loan.size === 0) continue;
      loan.isRecalled = true;
      loan.recall.reply(true);
    }
    if (then === undefined) return;
    this.#then.push(then);
    this.#deadline ??= wheel.after(RECALL_MS, () => {
      for (const loan of this.#loans.values()) loan.isDeaf ||= loan.isRecalled;
      this.#goOn();
    });
    this.#goOn();
  }

  /** What a reader has not begun is back in the queue. */
  end(loan: FarLoan): void {
    if (this.#loans.get(loan.holder) === loan) this.#loans.delete(loan.holder);
    loan.end();
    loan.recall.onCancel = undefined;
    loan.recall.reply(false);
    const { lent } = loan;
    loan.lent = [];
    if (lent.length > 0) this.#store.settle(lent, 0, loan.holder);
    this.#goOn();
  }

  /** Goes on with what waits for those who were asked, once none of them has anything. */
  #goOn(): void {
    for (const { isRecalled, isDeaf, size } of this.#loans.values()) if (isRecalled && !isDeaf && size > 0) return;
    this.#deadline?.cancel();
    this.#deadline = undefined;
    for (const then of this.#then.splice(0)) then();
  }

  #endOf(holder: Holder): void {
    const loan = this.#loans.get(holder);
    if (loan !== undefined) this.end(loan);
  }

  #loanOf({ from, detail }: Request): FarLoan | undefined {
    return detail === "" ? undefined : this.#loans.get(from);
  }

  /** The reader has begun the first so many. */
  #settle(loan: FarLoan, begun: number): void {
    if (begun > 0) this.#store.settle(loan.lent.splice(0, begun), begun, loan.holder);
  }
}
