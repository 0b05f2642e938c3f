import { Abandonment } from "./abandonment.ts";
import type { Item } from "./item_store.ts";
import { type Holder, Lease } from "./kernel/holder.ts";
import { bodyOf } from "./kernel/relay.ts";
import type { Request } from "./kernel/request.ts";
import { QueueCell } from "./queue_cell.ts";

/** The kind of the queue's handles. */
export const JOINABLE_QUEUE = "joinable-queue";

/** What one holder has taken and not acknowledged, oldest first. */
interface Unacknowledged {
  readonly items: Item[];
  readonly lease: Lease;
}

/** The home of a joinable queue: it also knows who works on what. */
export class JoinableQueueCell extends QueueCell {
  readonly #maxDeliveries: number;
  readonly #taken = new Map<Holder, Unacknowledged>();
  readonly #joiners = new Set<Request>();
  #unfinished = 0;
  /** Whether somebody else has had the queue, and has it no more. */
  #hadUsers = false;
  readonly #abandonment = new Abandonment(() => this.#abandonedJoin);

  constructor(maxSize: number, maxDeliveries: number) {
    super(maxSize, true);
    this.#maxDeliveries = maxDeliveries;
  }

  protected override get kind(): string {
    return JOINABLE_QUEUE;
  }

  override describe(): string {
    return `${super.describe()}, ${this.#unfinished} not done`;
  }

  override takesCast(verb: string): boolean {
    return verb === "abandon" || super.takesCast(verb);
  }

  override receive(request: Request): void {
    if (request.verb === "taskDone") this.#taskDone(request);
    else if (request.verb === "join") this.#join(request);
    else if (request.verb === "tryJoin") request.reply(this.#unfinished === 0);
    else if (request.verb === "unreadable") this.#unreadable(request);
    else if (request.verb === "abandon") this.#taken.get(request.from)?.lease.drop();
    else super.receive(request);
  }

  protected override accepted(): void {
    this.#unfinished++;
  }

  protected override taken(item: Item, by: Holder): void {
    let taken = this.#taken.get(by);
    if (taken === undefined) {
      const lease = new Lease(by, () => this.#redeliver(by));
      this.#taken.set(by, taken = { items: [], lease });
    }
    taken.items.push(item);
    this.#abandonment.renew();
  }

  override returned(kind: string, holder: Holder): void {
    super.returned(kind, holder);
    if (kind !== JOINABLE_QUEUE) return;
    this.#hadUsers = true;
    this.#abandonment.restart();
  }

  #taskDone(request: Request): void {
    const number = bodyOf(request, this) as number | undefined;
    const item = this.#close(request.from, number);
    if (item === undefined) {
      return request.throw(
        new RangeError("Cannot acknowledge an item of a queue: the caller has taken none that is open"),
      );
    }
    request.reply(item.number);
    this.#done(item);
  }

  /** The reader could not read an item, so nobody will work on it. */
  #unreadable({ from, detail }: Request): void {
    const item = this.#close(from, Number(detail));
    if (item !== undefined) this.#done(item);
  }

  /** The item of that number, or the oldest, is open no longer. */
  #close(by: Holder, number: number | undefined): Item | undefined {
    const taken = this.#taken.get(by);
    const at = number === undefined ? 0 : taken?.items.findIndex((item) => item.number === number) ?? -1;
    if (taken === undefined || at < 0) return undefined;
    const [item] = taken.items.splice(at, 1);
    if (taken.items.length === 0) {
      taken.lease.end();
      this.#taken.delete(by);
    }
    return item;
  }

  #join(request: Request): void {
    if (this.#unfinished === 0) return request.reply();
    this.#joiners.add(request);
    request.onCancel = () => {
      this.#joiners.delete(request);
      if (this.#joiners.size === 0) this.#abandonment.cancel();
    };
    this.#abandonment.look();
  }

  /**
   * That a join waits for items that nobody has, and nobody but those that join has the queue. No more can be known: its
   * maker may still give it to somebody.
   */
  get #abandonedJoin(): string | undefined {
    if (!this.#hadUsers || this.#joiners.size === 0 || this.#taken.size > 0 || this.store.isAwaited) return undefined;
    const joining = new Set([...this.#joiners].map(({ from }) => from));
    if (!this.isOnlyLeased(JOINABLE_QUEUE, joining)) return undefined;
    const items = `${this.#unfinished} ${this.#unfinished === 1 ? "item" : "items"}`;
    return `${this.title}: join() waits for ${items}, and nobody is left who could finish: ` +
      "the actors that took items have ended, and no other has the queue";
  }

  /** Who worked on these is dead: others get them, unless that has been tried often enough. */
  #redeliver(dead: Holder): void {
    const taken = this.#taken.get(dead);
    this.#taken.delete(dead);
    for (const item of taken?.items ?? []) {
      if (item.deliveries < this.#maxDeliveries) this.store.restore(item);
      else {
        this.store.lost(item, "item of a queue");
        this.#done(item);
      }
    }
    this.#abandonment.look();
  }

  #done(item: Item): void {
    this.store.done(item);
    if (--this.#unfinished > 0) return;
    this.#abandonment.cancel();
    for (const request of this.#joiners) request.reply();
    this.#joiners.clear();
  }
}
