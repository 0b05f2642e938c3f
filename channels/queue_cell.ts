import { Abandonment } from "./abandonment.ts";
import { ClosedError } from "./errors.ts";
import { type Item, ItemStore } from "./item_store.ts";
import { Cell, cells } from "./kernel/cell.ts";
import { sameProcess } from "./kernel/address.ts";
import type { Holder } from "./kernel/holder.ts";
import { isolate } from "./kernel/isolate.ts";
import { type CellReport, type Listed, listing, partyOf, whereIs } from "./kernel/listed.ts";
import { noSuchRequest, type Request } from "./kernel/request.ts";
import { Lender, sharesWith } from "./lender.ts";
import { FarLoans } from "./far_loans.ts";

/** The lease of one who has said that it will put. */
export const PRODUCER = "producer";
/** The kind of the queue's other handles. */
export const QUEUE = "queue";
/** The detail of a reader's request that waits for something else, too, whichever comes first. */
export const SELECTS = "selects";

/** Where more wait it is not looked for whether they wait in vain: each look is at all of them. */
const MOST_LOOKED_AT = 64;

/** The home of a queue. */
export class QueueCell extends Cell implements Listed {
  readonly maxSize: number;
  protected readonly store: ItemStore;
  readonly #lender: Lender;
  readonly #far: FarLoans;
  readonly #pollers = new Set<Request>();
  #closed = false;
  /** There once another actor that had the queue has ended: what is put and got before pays nothing for it. */
  #abandonment: Abandonment | undefined;

  /**
   * @param maxSize 0 is unbounded
   * @param keepsTaken whether an item may come back after it was taken
   */
  constructor(maxSize: number, keepsTaken: boolean = false) {
    super();
    this.maxSize = maxSize;
    this.store = new ItemStore({
      cell: this,
      keepsTaken,
      hasRoom: () => maxSize === 0 || this.store.size < maxSize,
      suits: () => true,
      accepted: () => this.accepted(),
      taken: (item, by) => this.taken(item, by),
      changed: () => {
        this.#settleReaders();
        this.#abandonment?.restart();
      },
    });
    this.#lender = new Lender(this.store, this);
    this.#far = new FarLoans(this.store);
    listing.add(this);
  }

  report(): CellReport {
    const { putters, takers } = this.store;
    const size = this.#size;
    const kind = this.kind.replace("-", " ");
    const parties = { putters: putters.map(partyOf), takers: takers.map(partyOf) };
    return { queue: { address: whereIs(this), kind, size, maxSize: this.maxSize, ...parties } };
  }

  /** The kind of its handles that can put and get. */
  protected get kind(): string {
    return QUEUE;
  }

  /** What people call it. */
  protected get title(): string {
    return `${this.kind.replace("-", " ")} ${isolate.id}#${cells.slotOf(this)}`;
  }

  /** How it is, in words. */
  describe(): string {
    const size = this.#size;
    const most = this.maxSize === 0 ? "" : ` of ${this.maxSize}`;
    return `${size}${most} ${size === 1 && most === "" ? "item" : "items"}${this.#closed ? ", closed" : ""}`;
  }

  override takesCast(verb: string): boolean {
    return verb === "began" || verb === "gaveBack" || verb === "unreadable";
  }

  receive(request: Request): void {
    switch (request.verb) {
      case "put":
        if (this.#refuses(request)) return;
        this.store.put(request, 0);
        return this.#abandonment?.look();
      case "tryPut":
        if (this.#refuses(request) || this.store.tryPut(request, 0)) return;
        this.store.release(request.body);
        return request.reply(false);
      case "get":
        if (this.#lender.serve(request) || this.#far.serve(request)) return;
        // Readers in other processes do not wait for each other's while there are more.
        if (!sameProcess(isolate.id, request.from.isolate) && this.store.size > 0) return this.#take(request);
        return this.#lookFor(() => this.#take(request));
      case "lend":
        return this.#isPlain && !sharesWith(request.from.isolate) ? this.#far.open(request) : request.reply(false);
      case "began":
        return this.#far.began(request);
      case "gaveBack":
        return this.#far.gaveBack(request);
      case "borrow":
        return this.#lends(request.from)
          ? request.replyValue(this.#lender.open(request.from), "loan")
          : request.reply();
      case "tryGet":
        return this.#lookFor(() => {
          if (this.store.size > 0) return this.#take(request);
          return this.#ended ? request.throw(this.#closedError("get from")) : request.reply();
        });
      case "poll":
        this.#lender.retrieve();
        if (this.#readable) return request.reply(true);
        this.#pollers.add(request);
        request.onCancel = () => void this.#pollers.delete(request);
        return this.#far.recall();
      case "tryPoll":
        return this.#lookFor(() => request.reply(this.#readable));
      case "size":
        return request.reply(this.#size);
      case "produce":
        if (this.#closed) return request.throw(this.#closedError("produce for"));
        this.changeLease(PRODUCER, request.from, 1);
        return request.reply();
      case "close":
        this.#close();
        return request.reply();
      case "unreadable":
        // The reader has told of it.
        return;
      default:
        request.throw(noSuchRequest("a queue", request.verb));
    }
  }

  override returned(kind: string, holder: Holder): void {
    if (kind === PRODUCER && this.holdersOf(PRODUCER) === 0) this.#close();
    if (holder.gone) this.#abandonment ??= new Abandonment(() => this.#abandonedWait);
    this.#abandonment?.restart();
  }

  /** Whether nobody has a lease of this kind but some of these. */
  protected isOnlyLeased(kind: string, holders: ReadonlySet<Holder>): boolean {
    return this.holdersOf(kind) === [...holders].filter((holder) => this.isLeased(kind, holder)).length;
  }

  /**
   * That a get waits for an item, or a put for room, and nobody else has the queue. The actor that made the queue has no
   * lease of it, and is known to wait only when it does.
   */
  get #abandonedWait(): string | undefined {
    const { waits, isAwaited } = this.store;
    if (waits === 0 || waits > MOST_LOOKED_AT) return undefined;
    const { waiting } = this.store;
    if (waiting.some(({ detail }) => detail === SELECTS)) return undefined;
    const holders = new Set(waiting.map(({ from }) => from));
    const kinds = [this.kind, PRODUCER];
    const isMaker = (holder: Holder) =>
      holder.isolate === isolate.id && !kinds.some((kind) => this.isLeased(kind, holder));
    if (![...holders].some(isMaker) || !this.isOnlyLeased(this.kind, holders)) return undefined;
    const because = "the other actors that had the queue have ended";
    if (!isAwaited) {
      return `${this.title}: put() waits for room, and nobody else is left who could make some: ${because}`;
    }
    if (!this.isOnlyLeased(PRODUCER, holders)) return undefined;
    return `${this.title}: get() waits for an item, and nobody else is left who could put one: ${because}`;
  }

  /** One more item is in the queue. */
  protected accepted(): void {}

  /** Somebody has an item for good. */
  protected taken(_item: Item, _by: Holder): void {}

  get #size(): number {
    return this.store.size + this.#lender.size + this.#far.size;
  }

  /** Does something that wants to find the first of all that nobody has begun. */
  #lookFor(then: () => void): void {
    this.#lender.retrieve();
    if (!this.#far.mayGiveBack) then();
    else this.#far.recall(then);
  }

  #take(request: Request): void {
    // It may have been given up meanwhile.
    if (!request.open) return;
    this.store.take(request);
    this.#settleReaders();
    this.#abandonment?.look();
  }

  /** Where there is a bound, who waits to put is to hear of each item taken; a joinable queue of who has it. */
  get #isPlain(): boolean {
    return this.maxSize === 0 && !this.store.keepsTaken;
  }

  #lends(reader: Holder): boolean {
    return this.#isPlain && sharesWith(reader.isolate);
  }

  /** Whether a reader would not have to wait. */
  get #readable(): boolean {
    return this.store.size > 0 || this.#ended;
  }

  get #ended(): boolean {
    return this.#closed && this.store.drained;
  }

  #close(): void {
    this.#closed = true;
    this.store.refusePutters(() => this.#closedError("put to"));
    this.#settleReaders();
    this.#abandonment?.restart();
  }

  #refuses(request: Request): boolean {
    if (!this.#closed) return false;
    this.store.release(request.body);
    request.throw(this.#closedError("put to"));
    return true;
  }

  /** Those who wait for an item that can no longer come are told so. */
  #settleReaders(): void {
    if (!this.#readable) return;
    for (const request of this.#pollers) request.reply(true);
    this.#pollers.clear();
    if (this.#ended) this.store.refuseTakers(() => this.#closedError("get from"));
  }

  #closedError(action: string): ClosedError {
    return new ClosedError(`Cannot ${action} a queue: it is closed`);
  }
}
