import { ProtocolError } from "../errors.ts";
import type { Address, IsolateId } from "./address.ts";
import { OTHER, read32, readPlain, write32, writeText } from "./codec/plain.ts";
import { keyAt, Reader } from "./codec/reader.ts";
import type { Envelope, Send } from "./envelope.ts";
import { decodeFrame, encodeFrame, finishFrame, readBody, readText, writer } from "./frame.ts";
import type { Frame, Link } from "./link.ts";
import { EMPTY_PACKET, type Packet, plainPacket } from "./packet.ts";
import { copied, copyTo } from "./slab.ts";
import { Snapshot } from "./snapshot.ts";

/*
 * The short form of a frame, for links between neighbours, where sender and receiver are known. It begins with a byte that
 * no long form begins with: the kind, and whether a trace and handles follow. Then come the fields, as integers of a fixed
 * size, and the packet as in the long form.
 *
 * A message to a cell names a binding instead of the cell's address and the verb. A binding is made by one of the first
 * messages to the cell, which has its number and then the long form. It ends with its link, or when its number is bound again.
 */
const SEND = 0;
const VALUE = 1;
const THROWN = 2;
const ITEM = 3;
const KEPT = 4;
const RETURNED = 5;
const CANCEL = 6;
const CREDIT = 7;
const BIND = 8;
const KIND = 0x0f;
const TRACE = 0x10;
const HANDLES = 0x20;
/** A frame of the short form begins with a byte up to this. */
export const SHORT_FORMS = 0x3f;

/** How long a frame of each kind is at least. */
const SIZES = [12, 5, 5, 9, 5, 5, 5, 9, 3];

/** How many bindings a direction of a link has: the oldest makes way for the next. */
const BINDINGS = 1024;
/** A binding keeps an address alive. So a cell has none before as many messages: a stream that is left at once never has. */
const OFTEN = 3;
/** A frame with a larger number has the long form. */
const MAX_UINT32 = 2 ** 32 - 1;
/** A message's header has at most so many bytes, beside what it is about; and that is so long at most. */
const HEADER_BYTES = 16;
const LONGEST_DETAIL = 31;
const NONE: readonly never[] = [];

const NEVER = { address: undefined, verb: "", number: 0 };

/** The address and the verb behind a binding. */
interface Bound extends Pick<Send, "slot" | "incarnation" | "secret" | "verb"> {
  /** Whether the arguments are read where they arrive. */
  readonly isCall: boolean;
}

/** Whether a frame has the short form. */
export function isShort({ bytes }: Frame): boolean {
  return bytes.length > 0 && bytes[0] <= SHORT_FORMS;
}

/** The short forms of one link, and its bindings in each direction. */
export class BoundFrames {
  /** The numbers of the bindings made here, by address and verb. */
  readonly #numbers = new Map<Address, Map<string, number>>();
  readonly #sent: { readonly address: Address; readonly verb: string }[] = [];
  #next = 0;
  /** The binding that was used last, which is mostly used again. */
  #last: { readonly address: Address | undefined; readonly verb: string; readonly number: number } = NEVER;
  /** How often a message was sent to an address that was bound to no number. */
  readonly #times = new WeakMap<Address, number>();
  /** The neighbour's bindings, by number. */
  readonly #received: Bound[] = [];

  constructor(readonly here: IsolateId, readonly neighbour: IsolateId, readonly link: Link) {}

  /** Sends an envelope to the neighbour: in the short form, where it has one. */
  send(envelope: Envelope): void {
    if (this.link.room === undefined || !this.#sendInPlace(envelope)) this.link.send(this.encode(envelope));
  }

  /** Writes an envelope from here to the neighbour: in the short form, where it has one. */
  encode(envelope: Envelope): Frame {
    switch (envelope.kind) {
      case "send":
        return this.#encodeSend(envelope);
      case "reply": {
        const { id, outcome, body, exit } = envelope;
        if (id > MAX_UINT32 || exit !== undefined || outcome === "lost" || outcome === "cancelled") break;
        if (begin(outcome === "value" ? VALUE : THROWN, body)) return end(id, body);
        break;
      }
      case "item": {
        const { id, tag, body } = envelope;
        if (id > MAX_UINT32 || tag > MAX_UINT32 || !begin(ITEM, body)) break;
        writer.uint(tag, 4);
        return end(id, body);
      }
      case "taken": {
        const { id, kept, body } = envelope;
        if (id <= MAX_UINT32 && begin(kept ? KEPT : RETURNED, body)) return end(id, body);
        break;
      }
      case "cancel":
        if (envelope.id > MAX_UINT32 || !begin(CANCEL, EMPTY_PACKET)) break;
        return end(envelope.id, EMPTY_PACKET);
      case "credit":
        if (envelope.slot > MAX_UINT32 || !begin(CREDIT, EMPTY_PACKET)) break;
        writer.uint(envelope.slot, 4);
        return end(envelope.count, EMPTY_PACKET);
    }
    return encodeFrame(envelope);
  }

  /** Sends a request straight into the link's memory; false if that cannot be, and nothing has happened. */
  request(address: Address, verb: string, detail: string, holder: number, id: number, body: Packet): boolean {
    if (this.link.room === undefined || !isPlain(body) || id > MAX_UINT32 || holder > MAX_UINT32) return false;
    const number = this.#numberOf(address, verb);
    if (number === undefined || detail.length > LONGEST_DETAIL) return false;
    return this.#place(SEND, id, body, number, holder, detail);
  }

  /** The same for a value that a request is answered with. */
  value(id: number, body: Packet): boolean {
    return this.link.room !== undefined && id <= MAX_UINT32 && isPlain(body) && this.#place(VALUE, id, body);
  }

  /** The same for any envelope. */
  #sendInPlace(envelope: Envelope): boolean {
    switch (envelope.kind) {
      case "send": {
        const { address, verb, detail, holder, id, body } = envelope;
        return address !== undefined && this.request(address, verb, detail, holder, id, body);
      }
      case "reply":
        return envelope.outcome === "value" && envelope.exit === undefined && this.value(envelope.id, envelope.body);
      case "item":
        if (envelope.id > MAX_UINT32 || envelope.tag > MAX_UINT32 || !isPlain(envelope.body)) return false;
        return this.#place(ITEM, envelope.id, envelope.body, 0, envelope.tag);
      case "taken":
        if (envelope.id > MAX_UINT32 || !isPlain(envelope.body)) return false;
        return this.#place(envelope.kept ? KEPT : RETURNED, envelope.id, envelope.body);
      default:
        return false;
    }
  }

  #place(kind: number, id: number, body: Packet, number = 0, field = 0, detail = ""): boolean {
    const { link } = this;
    const snapshot = body instanceof Snapshot && body.size >= 0 ? body : undefined;
    const size = snapshot === undefined ? body.bytes.length : snapshot.size;
    const start = link.reserve!(HEADER_BYTES + detail.length + size);
    if (start < 0) return false;
    const bytes = link.room!;
    let at = start;
    bytes[at++] = kind;
    if (kind === SEND) {
      bytes[at++] = number >> 8;
      bytes[at++] = number;
    }
    if (kind === SEND || kind === ITEM) at = write32(bytes, at, field);
    at = write32(bytes, at, id);
    if (kind === SEND) at = writeText(bytes, at, detail);
    if (at < 0) return false;
    if (snapshot !== undefined) at = snapshot.write(bytes, at);
    else {
      copyTo(bytes, at, body.bytes);
      at += size;
    }
    if (at < 0) return false;
    link.commit!(at - start);
    return true;
  }

  /**
   * Reads a short form, which the neighbour has sent, and which lies among other bytes. It is copied as far as need be.
   *
   * @throws {ProtocolError} If it is malformed, or names a binding that was not made.
   */
  decode(bytes: Uint8Array, start: number, end: number): Envelope {
    const first = bytes[start];
    const kind = first & KIND;
    const to = this.here;
    const from = this.neighbour;
    if (end - start < SIZES[kind]) throw new ProtocolError("Cannot read a frame: it ends within its header");
    const at = start + 1;
    switch (kind) {
      case SEND:
        return this.#decodeSend(bytes, at, end, first);
      case VALUE:
      case THROWN: {
        const body = readPacket(bytes, at + 4, end, first, kind === VALUE);
        const outcome = kind === VALUE ? "value" : "thrown";
        return { kind: "reply", to, from, id: read32(bytes, at), outcome, body, exit: undefined };
      }
      case ITEM: {
        const body = readPacket(bytes, at + 8, end, first, true);
        return { kind: "item", to, from, id: read32(bytes, at + 4), tag: read32(bytes, at), body };
      }
      case KEPT:
      case RETURNED: {
        const body = readPacket(bytes, at + 4, end, first, false);
        return { kind: "taken", to, from, id: read32(bytes, at), kept: kind === KEPT, body };
      }
      case CANCEL:
        return { kind: "cancel", to, from, id: read32(bytes, at) };
      case CREDIT:
        return { kind: "credit", to, from, slot: read32(bytes, at), count: read32(bytes, at + 4) };
      case BIND:
        return this.#decodeBind(bytes[at] << 8 | bytes[at + 1], copied(bytes, at + 2, end));
      default:
        throw new ProtocolError("Cannot read a frame: its kind is unknown");
    }
  }

  #encodeSend(send: Send): Frame {
    const { address, verb, detail, holder, id, body } = send;
    if (address === undefined || id > MAX_UINT32 || holder > MAX_UINT32) return encodeFrame(send);
    const number = this.#numberOf(address, verb);
    if (number === undefined) return this.#bind(address, send);
    if (!begin(SEND, body)) return encodeFrame(send);
    writer.uint(number, 2);
    writer.uint(holder, 4);
    writer.uint(id, 4);
    writer.string(detail);
    return finish(body);
  }

  #numberOf(address: Address, verb: string): number | undefined {
    const last = this.#last;
    if (last.address === address && last.verb === verb) return last.number;
    const number = this.#numbers.get(address)?.get(verb);
    if (number !== undefined) this.#last = { address, verb, number };
    return number;
  }

  #bind(address: Address, send: Send): Frame {
    const { bytes, moved } = encodeFrame(send);
    const times = (this.#times.get(address) ?? 0) + 1;
    this.#times.set(address, times);
    // A frame with objects beside its bytes may take another way.
    if (moved.length > 0 || times < OFTEN) return { bytes, moved };
    const number = this.#next;
    this.#next = (number + 1) % BINDINGS;
    const old = this.#sent[number];
    if (old !== undefined) this.#forget(old.address, old.verb);
    this.#sent[number] = { address, verb: send.verb };
    let verbs = this.#numbers.get(address);
    if (verbs === undefined) this.#numbers.set(address, verbs = new Map());
    verbs.set(send.verb, number);
    writer.rewind(0);
    writer.uint(BIND, 1);
    writer.uint(number, 2);
    return { bytes: writer.finishWith(bytes), moved };
  }

  #forget(address: Address, verb: string): void {
    const verbs = this.#numbers.get(address);
    verbs?.delete(verb);
    this.#last = NEVER;
    if (verbs?.size === 0) this.#numbers.delete(address);
  }

  #decodeSend(bytes: Uint8Array, at: number, end: number, first: number): Send {
    const bound = this.#received[bytes[at] << 8 | bytes[at + 1]];
    if (bound === undefined) throw new ProtocolError("Cannot read a frame: its binding is unknown");
    const { slot, incarnation, secret, verb, isCall } = bound;
    const holder = read32(bytes, at + 2);
    const id = read32(bytes, at + 6);
    const length = bytes[at + 10] & 0x1f;
    const isBrief = (bytes[at + 10] & 0xe0) === 0xa0 && at + 11 + length <= end;
    let detail: string;
    let behind: number;
    if (isBrief) {
      detail = keyAt(bytes, at + 11, length);
      behind = at + 11 + length;
    } else {
      const reader = new Reader(bytes, at + 10, end);
      detail = readText(reader);
      behind = reader.offset;
    }
    const body = readPacket(bytes, behind, end, first, isCall);
    return {
      kind: "send",
      to: this.here,
      from: this.neighbour,
      slot,
      incarnation,
      secret,
      holder,
      id,
      verb,
      detail,
      body,
    };
  }

  #decodeBind(number: number, bytes: Uint8Array): Send {
    const send = decodeFrame({ bytes, moved: NONE });
    if (number >= BINDINGS || send.kind !== "send" || send.to !== this.here || send.from !== this.neighbour) {
      throw new ProtocolError("Cannot read a frame: it makes no binding");
    }
    const { slot, incarnation, secret, verb } = send;
    this.#received[number] = { slot, incarnation, secret, verb, isCall: verb === "call" || verb === "cast" };
    return send;
  }
}

/** Whether a packet is its bytes and nothing else. */
function isPlain({ passages, moved, trace }: Packet): boolean {
  return passages.length === 0 && moved.length === 0 && trace === undefined;
}

/** Begins a short form. False if what the packet carries beside its bytes needs the long one. */
function begin(kind: number, { passages, moved, trace }: Packet): boolean {
  if (moved.length > 0) return false;
  let first = kind;
  if (passages.length > 0) {
    if (passages.some(({ memory }) => memory !== undefined)) return false;
    first |= HANDLES;
  }
  writer.rewind(0);
  writer.uint(trace === undefined ? first : first | TRACE, 1);
  return true;
}

/** Ends a short form: the trace, the handles, and the packet's bytes. */
function finish(body: Packet): Frame {
  const { passages, bytes, moved, trace } = body;
  if (trace !== undefined) writer.string(trace);
  return passages.length > 0 ? finishFrame(body) : { bytes: writer.finishWith(bytes), moved };
}

/** Ends a short form whose last field is the number of the request. */
function end(id: number, body: Packet): Frame {
  writer.uint(id, 4);
  return finish(body);
}

/**
 * Reads the packet at the end of a short form.
 *
 * @param atOnce whether the receiver reads the packet itself, so that a plain value need not be kept as bytes until then
 */
function readPacket(bytes: Uint8Array, start: number, end: number, first: number, atOnce: boolean): Packet {
  if ((first & (TRACE | HANDLES)) === 0) {
    if (start === end) return EMPTY_PACKET;
    const plain = atOnce ? readPlain(bytes, start, end) : OTHER;
    return plain === OTHER ? plainPacket(copied(bytes, start, end)) : Snapshot.arrived(plain, end - start);
  }
  const own = copied(bytes, start, end);
  const reader = new Reader(own);
  const trace = (first & TRACE) === 0 ? undefined : readText(reader);
  const body = (first & HANDLES) === 0 ? plainPacket(reader.rest()) : readBody(reader, { bytes: own, moved: NONE });
  return trace === undefined ? body : { ...body, trace };
}
