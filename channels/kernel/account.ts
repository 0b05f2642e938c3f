import { ProtocolError, QuotaError } from "../errors.ts";
import { type IsolateId, isWellFormed, isWithin, strangerOf } from "./address.ts";
import { excessIn, hasMoreTokens } from "./codec/tokens.ts";
import { singleton } from "./singleton.ts";

/** How much each isolate may have to keep for a stranger: a sandbox or another program, with all that is below it. */
export interface Limits {
  readonly entries: number;
  readonly bytes: number;
  readonly values: number;
}

/** The limits of a stranger of which nobody has said anything else. */
export const USUAL_LIMITS: Limits = { entries: 131_072, bytes: 256 * 1024 * 1024, values: 1_000_000 };

/** The bytes that a part of a value takes when it is read. */
const PART_BYTES = 32;
/** The bytes that a message takes beside its own. */
export const MESSAGE_BYTES = 512;

/**
 * The count of what this isolate keeps for one stranger: leases as entries, and messages as bytes, for as long as they are
 * kept. The account goes with the stranger. Messages that others still keep then are theirs.
 */
export class Account {
  entries = 0;
  bytes = 0;
  #limits: Limits;
  /** By the reason. A stranger that goes on beyond its limits is refused again and again, and that must cost little. */
  readonly #errors = new Map<string, QuotaError>();

  constructor(readonly stranger: IsolateId, limits: Limits) {
    this.#limits = limits;
  }

  set limits(limits: Limits) {
    this.#limits = limits;
    this.#errors.clear();
  }

  /** Why nothing more is taken that makes an entry; undefined if it is. */
  get noEntry(): QuotaError | undefined {
    if (this.entries < this.#limits.entries) return undefined;
    return this.#error("entries", "it has too many requests, handles and the like open here");
  }

  /** Why so many bytes are not taken; undefined if they are. */
  noRoom(bytes: number): QuotaError | undefined {
    if (this.bytes + bytes + MESSAGE_BYTES <= this.#limits.bytes) return undefined;
    return this.#error("bytes", "too much of what it has sent or made is kept here");
  }

  /** Why a value is not taken that takes many times its own length, or long, to read; undefined if it is. */
  tooRich(value: Uint8Array): QuotaError | undefined {
    const most = Math.ceil(this.#limits.bytes / PART_BYTES);
    const { values } = this.#limits;
    if (hasMoreTokens(value, Math.min(most, values))) {
      return values < most
        ? this.#error("values", `a message has more than ${values} values`)
        : this.#error("bytes", `a message has more than ${most} values`);
    }
    const excess = excessIn(value);
    return excess === undefined ? undefined : this.#error("values", excess);
  }

  /** Counts so many bytes, and what a message takes beside them, until the charge is ended. */
  charge(bytes: number): Charge {
    return new Charge(this, bytes + MESSAGE_BYTES);
  }

  /**
   * Counts what the stranger has had made for all, under a name, until the stranger is gone. Returns what takes it off the
   * count before that.
   */
  keep(bytes: number): () => void {
    this.entries++;
    const charge = this.charge(bytes);
    return () => {
      this.entries--;
      charge.end();
    };
  }

  #error(quota: keyof Limits, state: string): QuotaError {
    let error = this.#errors.get(state);
    if (error === undefined) {
      const limit = this.#limits[quota];
      const message = `Cannot take this from ${this.stranger}: ${state}, its quota is ${limit} ${quota}`;
      this.#errors.set(state, error = new QuotaError(message, { quota, limit }));
    }
    return error;
  }
}

/** Bytes that are kept for a stranger. */
export class Charge {
  readonly #account: Account;
  readonly #bytes: number;
  #ended = false;

  constructor(account: Account, bytes: number) {
    this.#account = account;
    this.#bytes = bytes;
    account.bytes += bytes;
  }

  /** They are kept no longer; harmless if that was said. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#account.bytes -= this.#bytes;
  }
}

/** The charges for what a keeper keeps, by the thing kept. They end when the keeper is collected. */
export class Charges<K> {
  readonly #all = new Map<K, Charge>();

  /** @param keeper must not be reachable from what it keeps */
  constructor(keeper: object) {
    collected.register(keeper, this.#all);
  }

  /** Something is kept. */
  add(kept: K, charge: Charge): void {
    this.#all.set(kept, charge);
  }

  /** It is kept no longer. */
  end(kept: K): void {
    this.#all.get(kept)?.end();
    this.#all.delete(kept);
  }

  /** Nothing is kept any more. */
  endAll(): void {
    endAll(this.#all);
  }
}

const collected = new FinalizationRegistry<Map<unknown, Charge>>(endAll);

function endAll(charges: Map<unknown, Charge>): void {
  for (const charge of charges.values()) charge.end();
  charges.clear();
}

/** The accounts of the strangers that this isolate has heard of. */
export class Accounts {
  /** Told of a stranger that was heard of for the first time. */
  opened: (account: Account) => void = () => {};
  readonly #open = new Map<IsolateId, Account>();
  readonly #limits = new Map<IsolateId, Limits>();

  /** How much is to be kept for a stranger that is started here, or connected to. */
  limit(stranger: IsolateId, limits: Limits): void {
    this.#limits.set(stranger, limits);
    const account = this.#open.get(stranger);
    if (account !== undefined) account.limits = limits;
  }

  /** The limits of a stranger that was started here, or is connected to. */
  limitsOf(stranger: IsolateId): Limits {
    return this.#limits.get(stranger) ?? USUAL_LIMITS;
  }

  /** Whether a stranger was started here, is connected to, or has sent something. */
  knows(stranger: IsolateId): boolean {
    return this.#open.has(stranger) || this.#limits.has(stranger);
  }

  /**
   * The account of the stranger that an isolate belongs to, as seen from `here`; undefined if it belongs to none.
   *
   * @throws {ProtocolError} If no isolate can be called so.
   */
  of(id: IsolateId, here: IsolateId): Account | undefined {
    const stranger = strangerOf(id, here);
    if (stranger === undefined) return undefined;
    if (!isWellFormed(id)) throw new ProtocolError("Cannot read a frame: an isolate has no such name");
    let account = this.#open.get(stranger);
    if (account === undefined) {
      this.#open.set(stranger, account = new Account(stranger, this.limitsOf(stranger)));
      this.opened(account);
    }
    return account;
  }

  /** An isolate is gone, and all below it. */
  close(gone: IsolateId): void {
    for (const accounts of [this.#open, this.#limits]) {
      for (const stranger of [...accounts.keys()]) if (isWithin(stranger, gone)) accounts.delete(stranger);
    }
  }

  [Symbol.iterator](): IterableIterator<Account> {
    return this.#open.values();
  }
}

/** This isolate's. */
export const accounts: Accounts = singleton("accounts", () => new Accounts());
