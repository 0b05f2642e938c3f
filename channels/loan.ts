import { Claims, following } from "./claims.ts";
import { whoActs } from "./kernel/acting.ts";
import { isolate } from "./kernel/isolate.ts";
import { unpack } from "./kernel/pack.ts";
import { plainPacket } from "./kernel/packet.ts";
import { expected, isBytes, isList, isNumber, type Shape } from "./kernel/shape.ts";
import { singleton } from "./kernel/singleton.ts";
import { type Patience, throwIfOver } from "./kernel/wait.ts";
import { LoanTerms, sharesWith } from "./lender.ts";
import type { QueueClient } from "./queue_client.ts";

/** After so many items that came one by one a reader asks to be lent some, and after ever more of them again. */
const FIRST_ASK = 8;
const LAST_ASK = 4096;
const LENT = "items that are lent";

const isItems: Shape<Uint8Array[]> = (value): value is Uint8Array[] => isList(value) && value.every(isBytes);
const isLoan: Shape<[number, ...Uint8Array[]]> = (value): value is [number, ...Uint8Array[]] =>
  isList(value) && isNumber(value[0]) && value.slice(1).every(isBytes);

/** How a reader tells the home which items it has begun: in shared memory, or by a message a turn. */
interface Terms {
  /** What marks the reader's requests. */
  readonly detail: string;
  /** The next item is begun. False if it is back at home. */
  begin(): boolean;
  /** Takes the items of an answer. */
  lent(answer: unknown): readonly Uint8Array[];
  /** No more is taken. */
  end(): void;
}

/** What a reader that takes one item after another has been lent by the queue's home. */
export class Loan {
  readonly #client: QueueClient;
  #terms: Terms | undefined;
  /** The items that were lent, and the terms of their loan. */
  #items: readonly Uint8Array[] = [];
  #next = 0;
  #lender: Terms | undefined;
  /** How many items came one by one since some were lent, and how many make it ask. */
  #single = 0;
  #asksAt = FIRST_ASK;

  constructor(client: QueueClient) {
    this.#client = client;
  }

  /** The reader takes no more: the items that it was lent and has not begun are the queue's again. */
  end(): void {
    this.#terms?.end();
  }

  /** The next item: one that was lent, or else what the home has. */
  async get(wait: Patience): Promise<unknown> {
    while (true) {
      throwIfOver(wait);
      const lent = this.#take();
      if (lent !== undefined) {
        try {
          return unpack(plainPacket(lent), whoActs.holder());
        } catch {
          this.#client.passOver();
          continue;
        }
      }
      let isLent = true;
      const terms = this.#terms;
      const answer = await this.#client.next(wait, () => isLent = false, terms && { detail: terms.detail });
      if (!isLent) {
        this.#count();
        return answer;
      }
      // A home that was asked for one item lends none.
      this.#items = expected(LENT, terms?.lent(answer), isItems);
      this.#lender = terms;
      this.#next = 0;
      this.#single = 0;
    }
  }

  /** The next that was lent and is not back; of a home that is gone there is none. */
  #take(): Uint8Array | undefined {
    if (this.#next >= this.#items.length) return undefined;
    const item = this.#items[this.#next++];
    if (isolate.exitOf(this.#client.home) === undefined && this.#lender!.begin()) return item;
    this.#items = [];
    return undefined;
  }

  #count(): void {
    if (++this.#single < this.#asksAt) return;
    this.#single = 0;
    this.#asksAt = Math.min(LAST_ASK, 2 * this.#asksAt);
    if (sharesWith(this.#client.home)) this.#borrow();
    else if (this.#terms === undefined) this.#terms = new Told(this.#client, () => this.#recalled());
  }

  #borrow(): void {
    // Nobody waits for it; without an answer all goes on as it is.
    void this.#client.request("borrow", "borrow from").then((terms) => {
      if (!(terms instanceof LoanTerms) || terms.memory === undefined) return;
      this.#terms = new Claimed(terms.reader, new Claims(terms.memory));
    }, () => {});
  }

  /** Somebody else waits: what was not begun is back, and items come one by one again. */
  #recalled(): void {
    this.#terms = undefined;
    this.#items = [];
  }
}

/** Items that are begun in shared memory. */
class Claimed implements Terms {
  readonly detail: string;
  readonly #claims: Claims;
  #sequence = 0;

  constructor(reader: number, claims: Claims) {
    this.detail = `${reader}`;
    this.#claims = claims;
  }

  lent(answer: unknown): readonly Uint8Array[] {
    const [first, ...items] = expected(LENT, answer, isLoan);
    this.#sequence = first;
    return items;
  }

  begin(): boolean {
    const sequence = this.#sequence;
    this.#sequence = following(sequence, 1);
    return this.#claims.begin(sequence);
  }

  /** The home need not be told: nothing was given. */
  end(): void {}
}

/** Names the loans of this isolate's readers: one actor may have several. */
const names = singleton("loan-names", () => ({ last: 0 }));

/** Items of which a message says that they are begun. */
class Told implements Terms {
  readonly detail = `${++names.last}`;
  readonly #client: QueueClient;
  /** How often items have come, and how many of the last are begun. The home may have sent some that nobody waited for. */
  #batch = 0;
  #begun = 0;
  /** How a word about the last begins. */
  #which = "";
  #isTelling = false;
  #isOver = false;

  /** @param recalled called when what was not begun is back */
  constructor(client: QueueClient, recalled: () => void) {
    this.#client = client;
    const end = (isRecalled: unknown) => {
      if (isRecalled === true) this.end();
      this.#isOver = true;
      recalled();
    };
    // The answer is that something is to come back, or that nothing is lent.
    void client.request("lend", "borrow from", { quiet: true, detail: this.detail }).then(end, end);
  }

  end(): void {
    if (!this.#isOver) this.#client.tell("gaveBack", this.#word());
    this.#isOver = true;
  }

  /** Which loan, which of its batches, and how many items of that are begun. */
  #word(): string {
    return this.#which + this.#begun;
  }

  lent(answer: unknown): readonly Uint8Array[] {
    this.#which = `${this.detail} ${++this.#batch} `;
    this.#begun = 0;
    return expected(LENT, answer, isItems);
  }

  begin(): boolean {
    if (this.#isOver) return false;
    this.#begun++;
    if (!this.#isTelling) {
      this.#isTelling = true;
      queueMicrotask(() => {
        this.#isTelling = false;
        if (!this.#isOver) this.#client.tell("began", this.#word());
      });
    }
    return true;
  }
}
