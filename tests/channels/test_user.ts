import { type Cell, isCell } from "../../channels/kernel/cell.ts";
import { decode } from "../../channels/kernel/codec/decode.ts";
import type { Outcome } from "../../channels/kernel/envelope.ts";
import { type Holder, holders } from "../../channels/kernel/holder.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { destinationOf, pack } from "../../channels/kernel/pack.ts";
import { EMPTY_PACKET, type Packet } from "../../channels/kernel/packet.ts";
import { type Asker, Request } from "../../channels/kernel/request.ts";

/** An isolate that is said to have users, and has nothing else. */
const AWAY = `${isolate.id}.7001`;
let lastSlot = 0;

/** A question to a cell by a user elsewhere, whose every step the test decides. */
export class Asked implements Asker {
  readonly request: Request;
  /** What became of it; `"abandoned"` when the asker died first. */
  outcome: Outcome | "abandoned" | "kept" | undefined;
  /** What it was answered, or offered. */
  value: unknown;
  /** The home's number of what it is offered, until it has said whether it takes it. */
  offer: number | undefined;
  #body: Packet = EMPTY_PACKET;

  constructor(readonly holder: Holder, verb: string, body: Packet, readonly onOffer?: (asked: Asked) => void) {
    this.request = new Request(holder, verb, "", body, this);
  }

  settled(outcome: Outcome, body: Packet): void {
    if (this.outcome !== undefined) throw new Error(`Settled twice: ${this.outcome}, then ${outcome}`);
    this.outcome = outcome;
    this.value = body.bytes.length === 0 ? undefined : decode(body.bytes);
  }

  offered(body: Packet, tag: number): void {
    if (this.outcome !== undefined) throw new Error(`Offered an item when it was ${this.outcome}`);
    this.offer = tag;
    this.#body = body;
    this.value = decode(body.bytes, { handle: () => ({ a: "handle" }), transfer: () => undefined });
    this.onOffer?.(this);
  }

  abandoned(): void {
    this.settled("abandoned" as Outcome, EMPTY_PACKET);
  }

  /** Says that it has the item; what is in it goes at once. */
  keep(): void {
    this.offer = undefined;
    this.outcome = "kept";
    this.#giveBack();
    this.request.taken(true);
  }

  /** Says that it does not want the item. */
  refuse(): void {
    this.offer = undefined;
    this.outcome = "cancelled";
    this.#giveBack();
    this.request.taken(false);
  }

  /** As the isolate of a user elsewhere would: it says so to the home of each handle. */
  #giveBack(): void {
    const holder = holders.get(this.holder.isolate, this.holder.slot);
    for (const { kind, target } of this.#body.passages) if (isCell(target)) target.changeLease(kind, holder, -1);
  }
}

/** A user elsewhere. */
export class TestUser {
  readonly #slot = ++lastSlot;

  /** @param away where he is said to live: in another thread, unless told otherwise */
  constructor(readonly away: string = AWAY) {}

  /** The holder as it is known now: one that holds nothing may have been forgotten. */
  get holder(): Holder {
    return holders.get(this.away, this.#slot);
  }

  /** Asks a cell for something, giving it a value if there is one. */
  ask(cell: Cell, verb: string, value?: unknown, onOffer?: (asked: Asked) => void): Asked {
    const body = value === undefined ? EMPTY_PACKET : pack(value, "item", destinationOf(cell));
    const asked = new Asked(this.holder, verb, body, onOffer);
    cell.receive(asked.request);
    return asked;
  }

  /** Dies. */
  die(): void {
    holders.sweep(this.holder);
  }
}
