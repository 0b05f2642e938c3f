import { type Exit, exitFrom } from "../exit.ts";
import { ProtocolError } from "../errors.ts";
import type { Address, IsolateId } from "./address.ts";
import { addressOf, cells, type Target } from "./cell.ts";
import { readValue } from "./codec/decode.ts";
import { writeValue } from "./codec/encode.ts";
import { Reader } from "./codec/reader.ts";
import { Writer } from "./codec/writer.ts";
import type { Envelope, Outcome } from "./envelope.ts";
import type { Passage } from "./handle.ts";
import type { Frame } from "./link.ts";
import { type Carried, EMPTY_PACKET, type Movable, type Packet } from "./packet.ts";

/*
 * The wire form of an envelope: where to and where from, each a string, so that an isolate on the way need read no more;
 * then one array with the kind's number and its fields, the handles of the packet last; then the packet's bytes as they
 * are, up to the frame's end.
 */
const KINDS = ["send", "reply", "item", "taken", "cancel", "credit", "grant", "release", "down"] as const;
const OUTCOMES: readonly string[] = ["value", "thrown", "cancelled", "lost"] satisfies Outcome[];

/** Where a frame goes, and where it says it comes from. */
export interface Route {
  readonly to: IsolateId;
  readonly from: IsolateId;
}

/** How many fields the header of each kind has: the kind itself and the handles are two of them. */
const FIELDS: readonly number[] = [10, 5, 4, 4, 3, 4, 8, 6, 4];
const SEND = 0;
const REPLY = 1;
const ITEM = 2;
const TAKEN = 3;
const CANCEL = 4;
const CREDIT = 5;
const GRANT = 6;
const RELEASE = 7;
const DOWN = 8;

const NOTHING: readonly never[] = [];
/** Frames are written one at a time. */
export const writer: Writer = new Writer();

/** Writes an envelope. */
export function encodeFrame(envelope: Envelope): Frame {
  const body = "body" in envelope ? envelope.body : EMPTY_PACKET;
  writer.rewind(0);
  writer.string(envelope.to);
  writer.string(envelope.from);
  const kind = KINDS.indexOf(envelope.kind);
  writer.arrayHeader(FIELDS[kind]);
  writer.number(kind);
  writeFields(writer, envelope);
  return finishFrame(body);
}

/** Ends the frame whose header is written: the list of handles, and the packet's bytes. */
export function finishFrame({ passages, bytes, moved }: Packet): Frame {
  writer.arrayHeader(passages.length);
  if (passages.length === 0) return { bytes: writer.finishWith(bytes), moved };
  const carried: Carried[] = [...moved];
  for (const passage of passages) writeValue(writer, writePassage(passage, carried), "envelope");
  return { bytes: writer.finishWith(bytes), moved: carried };
}

/** @throws {ProtocolError} If the frame does not begin with a route. */
export function readRoute(frame: Frame): Route {
  const reader = new Reader(frame.bytes);
  return { to: readText(reader), from: readText(reader) };
}

/** @throws {ProtocolError} If the frame is malformed. */
export function decodeFrame(frame: Frame): Envelope {
  const reader = new Reader(frame.bytes);
  const to = readText(reader);
  const from = readText(reader);
  const fields = list(reader);
  const kind = fields === 0 ? -1 : count(reader);
  if (FIELDS[kind] === undefined) malformed("its kind is unknown");
  if (FIELDS[kind] !== fields) malformed("its header has too few fields, or too many");
  return readFields(reader, kind, to, from, frame);
}

function writeFields(writer: Writer, envelope: Envelope): void {
  switch (envelope.kind) {
    case "send":
      writer.number(envelope.slot);
      writer.number(envelope.incarnation);
      writer.string(envelope.secret);
      writer.number(envelope.holder);
      writer.number(envelope.id);
      writer.string(envelope.verb);
      writer.string(envelope.detail);
      if (envelope.body.trace === undefined) return writer.nil();
      return writer.string(envelope.body.trace);
    case "reply":
      writer.number(envelope.id);
      writer.string(envelope.outcome);
      if (envelope.exit === undefined) return writer.nil();
      return writeValue(writer, envelope.exit, "envelope");
    case "item":
      writer.number(envelope.id);
      return writer.number(envelope.tag);
    case "taken":
      writer.number(envelope.id);
      return writer.boolean(envelope.kept);
    case "cancel":
      return writer.number(envelope.id);
    case "credit":
      writer.number(envelope.slot);
      return writer.number(envelope.count);
    case "grant":
      writer.number(envelope.slot);
      writer.string(envelope.secret);
      writer.string(envelope.lease);
      writer.string(envelope.holderIsolate);
      writer.number(envelope.holder);
      return writer.number(envelope.number);
    case "release":
      writer.number(envelope.slot);
      writer.string(envelope.secret);
      writer.string(envelope.lease);
      return writer.number(envelope.holder);
    case "down":
      writer.string(envelope.isolate);
      return writeValue(writer, envelope.exit, "envelope");
  }
}

// What an object literal names is read in that order.
function readFields(reader: Reader, kind: number, to: IsolateId, from: IsolateId, frame: Frame): Envelope {
  switch (kind) {
    case SEND:
      return {
        kind: "send",
        to,
        from,
        slot: count(reader),
        incarnation: count(reader),
        secret: readText(reader),
        holder: count(reader),
        id: count(reader),
        verb: readText(reader),
        detail: readText(reader),
        body: readTracedBody(reader, frame),
      };
    case REPLY:
      return {
        kind: "reply",
        to,
        from,
        id: count(reader),
        outcome: outcome(readText(reader)),
        exit: nil(reader) ? undefined : exit(readValue(reader)),
        body: readBody(reader, frame),
      };
    case ITEM:
      return { kind: "item", to, from, id: count(reader), tag: count(reader), body: readBody(reader, frame) };
    case TAKEN:
      return {
        kind: "taken",
        to,
        from,
        id: count(reader),
        kept: flag(readValue(reader)),
        body: readBody(reader, frame),
      };
  }
  const envelope = readBare(reader, kind, to, from);
  // Nothing comes beside what is all header; it is read to be checked.
  readBody(reader, frame);
  return envelope;
}

function readBare(reader: Reader, kind: number, to: IsolateId, from: IsolateId): Envelope {
  switch (kind) {
    case CANCEL:
      return { kind: "cancel", to, from, id: count(reader) };
    case CREDIT:
      return { kind: "credit", to, from, slot: count(reader), count: count(reader) };
    case GRANT:
      return {
        kind: "grant",
        to,
        from,
        slot: count(reader),
        secret: readText(reader),
        lease: readText(reader),
        holderIsolate: readText(reader),
        holder: count(reader),
        number: count(reader),
      };
    case RELEASE:
      return {
        kind: "release",
        to,
        from,
        slot: count(reader),
        secret: readText(reader),
        lease: readText(reader),
        holder: count(reader),
      };
    case DOWN:
      return {
        kind: "down",
        to,
        from,
        isolate: readText(reader),
        exit: exit(readValue(reader)),
      };
    default:
      return malformed("its kind is unknown");
  }
}

/** The trace, if there is one, and the body. */
function readTracedBody(reader: Reader, frame: Frame): Packet {
  if (nil(reader)) return readBody(reader, frame);
  const trace = readText(reader);
  return { ...readBody(reader, frame), trace };
}

/** The handles, and the value up to the frame's end. */
export function readBody(reader: Reader, frame: Frame): Packet {
  const passages: Passage[] = [];
  for (let following = list(reader) - 1; following >= 0; following--) {
    passages.push(readPassage(readValue(reader), frame, following));
  }
  const { moved } = frame;
  return {
    bytes: reader.rest(),
    passages,
    moved: moved.length === 0
      ? NOTHING
      : moved.filter((object): object is Movable => !(object instanceof SharedArrayBuffer)),
  };
}

function writePassage(
  { kind, target, also, meta, parts = 0, memory, number = 0 }: Passage,
  carried: Carried[],
): unknown[] {
  const at = memory === undefined ? -1 : carried.push(memory) - 1;
  return [kind, meta, parts, at, number, ...writeAddress(target), ...(also === undefined ? [] : writeAddress(also))];
}

function writeAddress(target: Target): unknown[] {
  const { isolate, slot, incarnation, secret } = addressOf(target);
  return [isolate, slot, incarnation, secret];
}

/** @param following how many passages come after this one */
function readPassage(fields: unknown, { moved }: Frame, following: number): Passage {
  if (!Array.isArray(fields)) malformed("a handle is no array");
  const [kind, meta, parts, at, number, ...addresses] = fields as unknown[];
  if (asCount(parts) > following) malformed("a part of a handle is missing");
  const memory = moved[at as number];
  const also = addresses.length > 4 ? readAddress(addresses.slice(4)) : undefined;
  return {
    kind: asText(kind),
    target: readAddress(addresses),
    also,
    meta,
    parts: parts as number,
    memory: memory instanceof SharedArrayBuffer ? memory : undefined,
    number: asCount(number),
  };
}

function readAddress([isolate, slot, incarnation, secret]: unknown[]): Target {
  const address: Address = {
    isolate: asText(isolate),
    slot: asCount(slot),
    incarnation: asCount(incarnation),
    secret: asText(secret),
  };
  return cells.resolve(address);
}

/** How many values the list has that begins here. */
function list(reader: Reader): number {
  const byte = reader.byte();
  const length = (byte & 0xf0) === 0x90
    ? byte & 0x0f
    : byte === 0xdc
    ? reader.uint(2)
    : byte === 0xdd
    ? reader.uint(4)
    : -1;
  if (length < 0) malformed("a list is missing");
  reader.need(length);
  return length;
}

/** Whether nothing is next; if so, it is read. */
function nil(reader: Reader): boolean {
  if (reader.peek() !== 0xc0) return false;
  reader.skip(1);
  return true;
}

/** The string that is next. */
export function readText(reader: Reader): string {
  const byte = reader.peek();
  if ((byte & 0xe0) !== 0xa0 && byte !== 0xd9) return asText(readValue(reader));
  reader.skip(1);
  return reader.key(byte === 0xd9 ? reader.uint(1) : byte & 0x1f);
}

function count(reader: Reader): number {
  const byte = reader.peek();
  if (byte < 0 || byte > 0x7f) return asCount(readValue(reader));
  reader.skip(1);
  return byte;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : malformed("a string is missing");
}

function asCount(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : malformed("a number is missing");
}

function flag(value: unknown): boolean {
  return typeof value === "boolean" ? value : malformed("a yes or no is missing");
}

function outcome(value: string): Outcome {
  return OUTCOMES.includes(value) ? value as Outcome : malformed("its outcome is unknown");
}

function exit(value: unknown): Exit {
  return exitFrom(value) ?? malformed("an exit is missing");
}

function malformed(problem: string): never {
  throw new ProtocolError(`Cannot read a frame: ${problem}`);
}
