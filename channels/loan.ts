import { Claims, following } from "./claims.ts";
import { whoActs } from "./kernel/acting.ts";
import { isolate } from "./kernel/isolate.ts";
import { unpack } from "./kernel/pack.ts";
import { plainPacket } from "./kernel/packet.ts";
import { expected, isBytes, isList, isNumber, type Shape } from "./kernel/shape.ts";
import { type Patience, throwIfOver } from "./kernel/wait.ts";
import { LoanTerms, sharesWith } from "./lender.ts";
import type { QueueClient } from "./queue_client.ts";

/** After so many items that came one by one a reader asks to be lent some, and after ever more of them again. */
const FIRST_ASK = 8;
const LAST_ASK = 4096;

const isLoan: Shape<[number, ...Uint8Array[]]> = (value): value is [number, ...Uint8Array[]] =>
  isList(value) && isNumber(value[0]) && value.slice(1).every(isBytes);

/** What a reader that takes one item after another has been lent by the queue's home. */
export class Loan {
  readonly #client: QueueClient;
  #terms: { readonly reader: number; readonly claims: Claims } | undefined;
  /** What it has been lent, where to say that it begins the next of that, and the number of that one. */
  #items: readonly Uint8Array[] = [];
  #next = 0;
  #claims: Claims | undefined;
  #sequence = 0;
  /** How many items came one by one since some were lent, and how many make it ask. */
  #single = 0;
  #asksAt = FIRST_ASK;

  constructor(client: QueueClient) {
    this.#client = client;
  }

  /** The next item: one that was lent, or else what the home has. */
  async get(wait: Patience): Promise<unknown> {
    while (true) {
      throwIfOver(wait);
      const lent = this.#take();
      if (lent !== undefined) return unpack(plainPacket(lent), whoActs.holder());
      let isLent = true;
      const terms = this.#terms;
      const asReader = terms && { detail: `${terms.reader}` };
      const answer = await this.#client.next(wait, () => isLent = false, asReader);
      if (!isLent) {
        this.#count();
        return answer;
      }
      [this.#sequence, ...this.#items] = expected("items that are lent", terms && answer, isLoan);
      this.#claims = terms!.claims;
      this.#next = 0;
      this.#single = 0;
    }
  }

  /** The next that was lent and is not back; of a home that is gone there is none. */
  #take(): Uint8Array | undefined {
    if (this.#next >= this.#items.length) return undefined;
    const item = this.#items[this.#next++];
    const sequence = this.#sequence;
    this.#sequence = following(sequence, 1);
    if (isolate.exitOf(this.#client.home) === undefined && this.#claims!.begin(sequence)) return item;
    this.#items = [];
    return undefined;
  }

  #count(): void {
    if (++this.#single < this.#asksAt) return;
    this.#single = 0;
    this.#asksAt = Math.min(LAST_ASK, 2 * this.#asksAt);
    if (!sharesWith(this.#client.home)) return;
    // Nobody waits for it; without an answer all goes on as it is.
    void this.#client.request("borrow", "borrow from").then((terms) => {
      if (!(terms instanceof LoanTerms) || terms.memory === undefined) return;
      this.#terms = { reader: terms.reader, claims: new Claims(terms.memory) };
    }, () => {});
  }
}
