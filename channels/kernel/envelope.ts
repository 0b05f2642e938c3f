/**
 * Everything that isolates say to each other. A new feature is a new cell that understands other verbs, not a new kind
 * of envelope.
 *
 * @module
 */

import type { Exit } from "../exit.ts";
import type { Address, IsolateId } from "./address.ts";
import type { Packet } from "./packet.ts";

interface Routed {
  readonly to: IsolateId;
  readonly from: IsolateId;
}

/** Asks a cell for something; `id` 0 wants no answer. */
export interface Send extends Routed {
  readonly kind: "send";
  readonly slot: number;
  readonly incarnation: number;
  readonly secret: string;
  /** The slot of the actor that asks. */
  readonly holder: number;
  readonly id: number;
  readonly verb: string;
  /** What the verb is about: the method of a call. */
  readonly detail: string;
  readonly body: Packet;
  /** The stranger that has asked the sender, if the sender only hands on what one has asked. No stranger may say so. */
  readonly relayedFor?: IsolateId | undefined;
  /** The address of the cell as the sender keeps it: what is sent to one address again and again is bound to a number. */
  readonly address?: Address;
}

/** What became of a request. */
export type Outcome = "value" | "thrown" | "cancelled" | "lost";

/** Settles a request for good. */
export interface Reply extends Routed {
  readonly kind: "reply";
  readonly id: number;
  /** `lost`: the cell is not there, or went before it answered. */
  readonly outcome: Outcome;
  readonly body: Packet;
  /** How a lost cell ended, where that is known. */
  readonly exit?: Exit | undefined;
}

/** Settles a request with something that is taken only when the receiver says so in `taken`. */
export interface Item extends Routed {
  readonly kind: "item";
  readonly id: number;
  /** The home's number for this item. */
  readonly tag: number;
  readonly body: Packet;
}

/** The answer to an item: it arrived and is `kept`, or nobody wants it any more. */
export interface Taken extends Routed {
  readonly kind: "taken";
  readonly id: number;
  readonly kept: boolean;
  /** What had moved with an item that is not kept, on its way back. */
  readonly body: Packet;
}

/** The asker gave up. Answered by whatever became of the request. */
export interface Cancel extends Routed {
  readonly kind: "cancel";
  readonly id: number;
}

/** A cell has handled so many messages of the receiving isolate: it may send as many more. */
export interface Credit extends Routed {
  readonly kind: "credit";
  readonly slot: number;
  readonly count: number;
}

/** A handle to a cell is about to reach a new holder; sent before the message that carries it. */
export interface Grant extends Routed {
  readonly kind: "grant";
  readonly slot: number;
  readonly secret: string;
  readonly lease: string;
  readonly holderIsolate: IsolateId;
  readonly holder: number;
  /** What the handle is called in the cell's shared memory; 0 is nothing. */
  readonly number: number;
}

/** A holder in the sending isolate gives a handle back. */
export interface Release extends Routed {
  readonly kind: "release";
  readonly slot: number;
  readonly secret: string;
  readonly lease: string;
  readonly holder: number;
}

/** An isolate is gone, and all below it. Every neighbour passes it on, after whatever the dead one had still sent. */
export interface Down extends Routed {
  readonly kind: "down";
  readonly isolate: IsolateId;
  readonly exit: Exit;
}

/** What a link carries. */
export type Envelope = Send | Reply | Item | Taken | Cancel | Credit | Grant | Release | Down;
