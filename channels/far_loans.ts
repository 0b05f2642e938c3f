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

/** The loan of one reader in another process, which is a loop of an actor there. */
class FarLoan extends Held {
  readonly name: string;
  /** How often it was lent items, and how a word about the last of them begins. */
  batch = 0;
  which = "";
  /** The items that the reader has not begun, as far as is known; and how many it has begun of those that it was lent last. */
  lent: Item[] = [];
  begun = 0;
  /** The reader's open request to be told when items are to come back. */
  readonly recall: Request;
  isRecalled = false;
  /** How many it was lent last, and when. */
  #most = 1;
  #lentAt = 0;
  readonly #loans: FarLoans;

  constructor(recall: Request, loans: FarLoans) {
    super(recall.from);
    this.name = recall.detail;
    this.recall = recall;
    this.#loans = loans;
    this.begin();
  }

  /** Says how many items to lend now, when all that were lent before have been begun. */
  allot(): number {
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
 * The loans of a queue's readers in other processes: several items travel in a frame. A reader says which it has begun, and
 * home has back those that a dead reader had not. When somebody else wants an item, home asks the readers to give back those
 * that they have not begun. A reader whose event loop does not turn cannot, and so is lent no more than it has lately begun
 * in a millisecond.
 */
export class FarLoans {
  readonly #store: ItemStore;
  /** By the actor, and by the name that it gave. */
  readonly #loans = new Map<Holder, Map<string, FarLoan>>();
  /** The loans with items that are not begun, and not asked for; and those that were asked for a moment ago. */
  readonly #full = new Set<FarLoan>();
  readonly #asked = new Set<FarLoan>();
  /** How many lent items nobody has begun. */
  size = 0;
  /** The steps that wait until the readers that were asked have given back. */
  #then: (() => void)[] = [];
  #deadline: Deadline | undefined;

  constructor(store: ItemStore) {
    this.#store = store;
  }

  /** Whether somebody may give back an item before long. */
  get mayGiveBack(): boolean {
    return this.#full.size + this.#asked.size > 0;
  }

  /** A reader would be lent items, and is told when they are to come back, by the answer. */
  open(request: Request): void {
    const { from, detail } = request;
    this.#endOf(from, detail);
    let loans = this.#loans.get(from);
    if (loans === undefined) this.#loans.set(from, loans = new Map());
    loans.set(detail, new FarLoan(request, this));
    request.onCancel = () => this.#endOf(from, detail);
  }

  /** Somebody asks for an item. Returns whether that is a reader, and was lent some. */
  serve(request: Request): boolean {
    const loan = request.detail === "" ? undefined : this.#find(request.from, request.detail);
    if (loan === undefined) return false;
    this.#settle(loan, loan.lent.length);
    loan.begun = 0;
    const most = loan.allot();
    // An item that is taken by itself needs no word when it is begun.
    if (loan.isRecalled || most === 1 || this.#store.size <= 1) return false;
    loan.lent = this.#store.lend(most);
    if (loan.lent.length === 0) return false;
    loan.which = `${loan.name} ${++loan.batch} `;
    this.size += loan.lent.length;
    this.#full.add(loan);
    request.replyPacket(packPlain(loan.lent.map(({ packet }) => packet.bytes)));
    return true;
  }

  /** A reader says how many items it has begun: the name of the loan, which batch, and the number, with spaces between. */
  began({ from, detail }: Request): void {
    const loan = this.#find(from, nameIn(detail));
    // The last batch is another one when it came to a reader that had given up: it has begun none of that.
    if (loan === undefined || !detail.startsWith(loan.which)) return;
    const begun = Number(detail.slice(loan.which.length));
    if (!Number.isInteger(begun)) return;
    const more = begun - loan.begun;
    if (more <= 0 || more > loan.lent.length) return;
    loan.begun = begun;
    this.#settle(loan, more);
  }

  /** A reader gives back what it has not begun. */
  gaveBack(request: Request): void {
    this.began(request);
    this.#endOf(request.from, nameIn(request.detail));
  }

  /**
   * Somebody wants an item: those who have any not begun are to give them back.
   *
   * @param then called when they have, or have not in the time that it takes one whose event loop turns
   */
  recall(then?: () => void): void {
    for (const loan of this.#full) {
      loan.isRecalled = true;
      this.#asked.add(loan);
      loan.recall.reply(true);
    }
    this.#full.clear();
    if (then === undefined) return;
    this.#then.push(then);
    this.#deadline ??= wheel.after(RECALL_MS, () => {
      // Their readers compute, and are not waited for any more.
      this.#asked.clear();
      this.#goOn();
    });
    this.#goOn();
  }

  /** Ends a loan: the items that its reader has not begun are back in the queue. */
  end(loan: FarLoan): void {
    const loans = this.#loans.get(loan.holder);
    if (loans?.get(loan.name) === loan) loans.delete(loan.name);
    if (loans?.size === 0) this.#loans.delete(loan.holder);
    loan.end();
    loan.recall.onCancel = undefined;
    loan.recall.reply(false);
    const { lent } = loan;
    loan.lent = [];
    this.size -= lent.length;
    this.#isEmpty(loan);
    if (lent.length > 0) this.#store.settle(lent, 0, loan.holder);
    this.#goOn();
  }

  /** Takes the steps that wait, once none of the readers that were asked has anything. */
  #goOn(): void {
    if (this.#asked.size > 0 || this.#then.length === 0) return;
    this.#deadline?.cancel();
    this.#deadline = undefined;
    for (const then of this.#then.splice(0)) then();
  }

  #find(holder: Holder, name: string): FarLoan | undefined {
    return this.#loans.get(holder)?.get(name);
  }

  #endOf(holder: Holder, name: string): void {
    const loan = this.#find(holder, name);
    if (loan !== undefined) this.end(loan);
  }

  /** The reader has begun the first so many. */
  #settle(loan: FarLoan, begun: number): void {
    if (begun === 0) return;
    const settled = loan.lent.splice(0, begun);
    this.size -= begun;
    if (loan.lent.length === 0) this.#isEmpty(loan);
    this.#store.settle(settled, begun, loan.holder);
    this.#goOn();
  }

  #isEmpty(loan: FarLoan): void {
    this.#full.delete(loan);
    this.#asked.delete(loan);
  }
}

/** The loan that a reader speaks of: all up to the first space, or all there is. */
function nameIn(detail: string): string {
  const end = detail.indexOf(" ");
  return end < 0 ? detail : detail.slice(0, end);
}
