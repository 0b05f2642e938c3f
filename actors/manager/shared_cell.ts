import { NotSerializableError } from "../../channels/errors.ts";
import { type Account, Charges, MESSAGE_BYTES } from "../../channels/kernel/account.ts";
import { DISCARD } from "../../channels/kernel/ask.ts";
import { Cell } from "../../channels/kernel/cell.ts";
import { grantAll, type Passage, releaseAll } from "../../channels/kernel/handle.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import { checkReadable, pack } from "../../channels/kernel/pack.ts";
import { EMPTY_PACKET, type Packet } from "../../channels/kernel/packet.ts";
import { holderOf } from "../../channels/kernel/relay.ts";
import type { Request } from "../../channels/kernel/request.ts";
import type { Life } from "./life.ts";
import { keepable } from "./kept.ts";
import type { StoredObject } from "./journal.ts";
import { Turns } from "./turns.ts";

/** Where an object of a manager's lives. */
export interface Home {
  /** The manager: what is kept is given back when it ends. */
  readonly holder: Holder;
  /** What is made there ends with it. */
  readonly life: Life;
  /** Whether it can be found again though nobody has a handle to it. */
  readonly named: boolean;
  /** What of the object is on disk; nothing, when it is not to be kept there. */
  readonly stored?: StoredObject | undefined;
}

/** A value that is kept, and which of the values of its cell it is. */
export interface Entry {
  readonly packet: Packet;
  /** No other value of the cell has, or had, this number. */
  readonly version: number;
}

/** Requests that change the value at one place, and so wait while another has its turn there. */
const WRITES: ReadonlySet<string> = new Set(["set", "delete", "pop", "setDefault", "increment", "swap", "claim"]);

/**
 * The home of shared values. They are kept as they came, as packets: reading one costs its home no decoding. The cell
 * holds the handles in them, so that what lies in shared state lives as long as it does.
 */
export abstract class SharedCell extends Cell {
  protected readonly stored: StoredObject | undefined;
  protected readonly life: Life;
  readonly #manager: Holder;
  readonly #turns: Turns = new Turns((request) => this.receive(request));
  readonly #kept = new Set<readonly Passage[]>();
  /** For the values that strangers have sent. */
  #charges: Charges<Packet> | undefined;
  /** The request that is being performed. */
  #present: Request | undefined;
  readonly #kind: string;
  readonly #named: boolean;
  #version = 0;

  /** @param kind the lease of those who have a handle to it */
  constructor(kind: string, { holder, life, named, stored }: Home) {
    super();
    this.#kind = kind;
    this.#named = named;
    this.#manager = holder;
    this.life = life;
    this.stored = stored;
  }

  /** Does what is asked; what it throws is for the asker. */
  protected abstract perform(request: Request): void;

  /** How it is, in words. */
  abstract describe(): string;

  /** Gives up all values: nobody can read them any more. */
  protected abstract empty(): void;

  receive(request: Request): void {
    const { verb, detail, from } = request;
    if (verb === DISCARD) return releaseAll(request.body.passages, holderOf(this));
    // Who has died or given up while it waited for another's turn wants nothing any more.
    if (request.asker !== undefined && !request.open) return this.drop(request.body);
    const place = verb === "swap" || verb === "settle" ? detail.slice(detail.indexOf(" ") + 1) : detail;
    if (WRITES.has(verb) && this.#turns.defers(place, request)) return;
    try {
      if (verb === "claim") this.#turns.begin(place, from);
      if (verb === "yield") return request.reply();
      this.#present = request;
      this.perform(request);
    } catch (error) {
      this.drop(request.body);
      request.throw(error);
    } finally {
      this.#present = undefined;
      if (verb === "settle" || verb === "yield") this.#turns.end(place, from);
    }
  }

  /** What the cell has of itself does not keep it alive. */
  override changeLease(kind: string, holder: Holder, by: 1 | -1, number?: number, account?: Account): void {
    if (holder !== holderOf(this)) super.changeLease(kind, holder, by, number, account);
  }

  override returned(kind: string): void {
    // Nobody has it, and nobody can find it: what it keeps is given back now, and not when memory runs short.
    if (kind === this.#kind && !this.#named && this.holdersOf(kind) === 0) this.release();
  }

  /** Gives back the handles in what it keeps. */
  release(): void {
    this.empty();
    this.#charges?.endAll();
    for (const passages of this.#kept) releaseAll(passages, holderOf(this));
    this.#kept.clear();
    this.#manager.imports.delete(this);
  }

  /**
   * Keeps what came with a request.
   *
   * @throws {NotSerializableError} If it is to be kept on disk, and cannot be.
   * @throws {ProtocolError} If a stranger has sent it, and nobody can read it.
   */
  protected keep(arrived: Packet): Entry {
    const packet = keepable(arrived);
    const { from, detail } = this.#present ?? {};
    // A reader of all values would find that one of them cannot be read, and not which.
    if (from?.account !== undefined) checkReadable(packet);
    if (this.stored !== undefined) assertStorable(packet, detail ?? "");
    if (packet.passages.length > 0) {
      this.#kept.add(packet.passages);
      this.#manager.imports.add(this);
    }
    if (from?.account !== undefined) {
      const bytes = packet.bytes.length + detail!.length;
      (this.#charges ??= new Charges(this)).add(packet, from.account.charge(bytes));
    }
    return { packet, version: ++this.#version };
  }

  /**
   * The values that came together in one request, each as a packet to be kept.
   *
   * @throws {QuotaError} If a stranger has sent them, and together they take more than it may have here.
   */
  protected wrapAll(values: readonly unknown[]): Packet[] {
    const account = this.#present?.from.account;
    const packets: Packet[] = [];
    let bytes = 0;
    for (const value of values) {
      const packet = this.wrap(value);
      packets.push(packet);
      bytes += packet.bytes.length + MESSAGE_BYTES;
      const error = account?.noRoom(bytes);
      if (error === undefined) continue;
      packets.forEach((packet) => this.drop(packet));
      throw error;
    }
    return packets;
  }

  /** A value of the cell's own making, or read from another. */
  protected wrap(value: unknown): Packet {
    return pack(value, "value", holderOf(this));
  }

  /** Gives back the handles in what is not kept, or kept no longer. */
  protected drop(packet: Packet): void {
    this.#charges?.end(packet);
    if (packet.passages.length === 0) return;
    this.#kept.delete(packet.passages);
    releaseAll(packet.passages, holderOf(this));
  }

  /** Answers with a value that is kept. */
  protected give(request: Request, packet: Packet | undefined): void {
    if (packet === undefined || request.asker === undefined) return this.tell(request);
    if (!request.open) return;
    grantAll(packet.passages, request.from);
    this.#settle(() => request.replyPacket(packet));
  }

  /** Answers with any other value. */
  protected tell(request: Request, value?: unknown): void {
    if (!request.open || request.asker === undefined) return;
    const body = value === undefined ? EMPTY_PACKET : pack(value, "value", request.from);
    this.#settle(() => request.replyPacket(body));
  }

  /** No answer leaves before what it tells of is on disk. */
  #settle(reply: () => void): void {
    if (this.stored === undefined) reply();
    else this.stored.journal.committed(reply);
  }
}

/** SQLite keeps no more in one row: a value, its name, and a little that says where they are. */
const LONGEST_ROW = 1_000_000_000 - 1024;

/** @throws {NotSerializableError} If a value cannot be kept on disk under that name. */
function assertStorable({ bytes, passages }: Packet, name: string): void {
  if (passages.length > 0) {
    throw new NotSerializableError("Cannot store value: a handle means nothing once what it stands for has ended", {
      path: "value",
      kind: "handle",
    });
  }
  // As text of JSON in UTF-8 a character has at most six bytes.
  const length = bytes.length + 6 * name.length;
  if (length <= LONGEST_ROW) return;
  throw new NotSerializableError(
    `Cannot store value: with its name it has up to ${length} bytes, and the store keeps no more than ${LONGEST_ROW}`,
    { path: "value", kind: "large value" },
  );
}
