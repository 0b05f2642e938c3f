import { Claims, following } from "./claims.ts";
import type { Item, ItemStore } from "./item_store.ts";
import { type IsolateId, parentOf, sameProcess } from "./kernel/address.ts";
import type { Target } from "./kernel/cell.ts";
import { enroll, handleKind } from "./kernel/handle.ts";
import type { Holder } from "./kernel/holder.ts";
import { isolate } from "./kernel/isolate.ts";
import { packPlain } from "./kernel/pack.ts";
import type { Request } from "./kernel/request.ts";
import { expected, isCount } from "./kernel/shape.ts";

/** So many items are lent at once at most. */
const MOST_LENT = 64;

/** What a reader has to know to be lent items: what to call itself, and where both note what it has begun. */
export class LoanTerms {
  constructor(readonly home: Target, readonly reader: number, readonly memory: SharedArrayBuffer | undefined) {
    enroll(this, () => ({ kind: TERMS, target: home, meta: reader, memory }));
  }
}

const TERMS = "queue-loan";
handleKind(TERMS, {
  leased: false,
  revive: ({ target, meta, memory }) => new LoanTerms(target, expected("a handle to a loan", meta, isCount), memory),
});

/**
 * Whether this isolate can give another one memory that both share without a third's help, whose event loop may be busy: a
 * thread and whoever started it can.
 */
export function sharesWith(id: IsolateId): boolean {
  return sameProcess(isolate.id, id) && (parentOf(id) === isolate.id || parentOf(isolate.id) === id);
}

/**
 * What the home of a queue gives the thread that is its one reader in advance, several items at a time, so that not each
 * costs a message there and back. A lent item is still in the queue until its reader begins it, as memory that both share
 * says. As soon as anybody else comes all others are back, in their order, whatever the reader is busy with.
 */
export class Lender {
  readonly #store: ItemStore;
  readonly #home: Target;
  /** The reader that may be lent items, who that is, and what it has begun. */
  #reader = 0;
  #holder: Holder | undefined;
  #claims: Claims | undefined;
  /** What it has been lent, and the number of the last of that. */
  #lent: Item[] = [];
  #last = 0;
  /** How many it is lent next: ever more, while nobody else comes. */
  #most = 0;

  constructor(store: ItemStore, home: Target) {
    this.#store = store;
    this.#home = home;
  }

  /** How many lent items nobody has begun. */
  get size(): number {
    return this.#lent.length === 0 ? 0 : this.#last - this.#claims!.last | 0;
  }

  /** A reader would be lent items: from now on this one may, and no other. */
  open(reader: Holder): LoanTerms {
    this.retrieve();
    this.#claims = new Claims();
    this.#holder = reader;
    this.#last = 0;
    return new LoanTerms(this.#home, ++this.#reader, this.#claims.memory);
  }

  /** Somebody asks for an item. Returns whether that is the reader, and was lent some. */
  serve(request: Request): boolean {
    const most = Math.min(MOST_LENT, Math.max(1, 2 * this.#most));
    this.retrieve();
    if (!this.#isReader(request)) return false;
    this.#most = most;
    this.#lent = this.#store.lend(this.#most);
    if (this.#lent.length === 0) return false;
    const first = following(this.#last, 1);
    this.#last = following(this.#last, this.#lent.length);
    request.replyPacket(packPlain([first, ...this.#lent.map(({ packet }) => packet.bytes)]));
    return true;
  }

  #isReader({ detail, from }: Request): boolean {
    return detail === `${this.#reader}` && from.isolate === this.#holder?.isolate;
  }

  /** Has back what the reader has not begun. */
  retrieve(): void {
    this.#most = 0;
    if (this.#lent.length === 0) return;
    const lent = this.#lent;
    this.#lent = [];
    const begun = this.#claims!.takeBack(this.#last);
    const back = this.#last - begun | 0;
    this.#store.settle(lent, lent.length - back, this.#holder!);
  }
}
