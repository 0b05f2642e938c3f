import { type Exit, exitFrom } from "../exit.ts";
import { ProtocolError } from "../errors.ts";
import { type Address, type IsolateId, LONGEST_NAME, SECRET_LENGTH } from "./address.ts";
import { addressOf, cells, type Target } from "./cell.ts";
import { readValue } from "./codec/decode.ts";
import { encode, writeValue } from "./codec/encode.ts";
import { TEXT } from "./codec/extension.ts";
import { excessIn } from "./codec/tokens.ts";
import { Reader } from "./codec/reader.ts";
import { Writer } from "./codec/writer.ts";
import type { Envelope, Outcome, Send } from "./envelope.ts";
import { metaSize, MOST_HANDLES, MOST_META_BYTES, type Passage } from "./handle.ts";
import type { Frame } from "./link.ts";
import { type Carried, EMPTY_PACKET, type Movable, type Packet } from "./packet.ts";
import { brief } from "./show.ts";

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

/**
 * How many fields the header of each kind has: the kind itself and the handles are two of them. What is sent on behalf of
 * a stranger has its name as one more.
 */
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

/** How long an exit is at most: whoever reads it, and passes it on, must not be kept at it. */
const MOST_EXIT_BYTES = 256 * 1024;

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
  writer.arrayHeader(FIELDS[kind] + (isRelayed(envelope) ? 1 : 0));
  writer.number(kind);
  writeFields(writer, envelope);
  return finishFrame(body);
}

/** Ends the frame whose header is written: the list of handles, and the packet's bytes. */
export function finishFrame({ passages, bytes, moved }: Packet): Frame {
  writer.arrayHeader(passages.length);
  if (passages.length === 0) return { bytes: writer.finishWith(bytes), moved };
  const carried: Carried[] = [...moved];
  for (const passage of passages) writePassage(writer, passage, carried);
  return { bytes: writer.finishWith(bytes), moved: carried };
}

/** @throws {ProtocolError} If the frame does not begin with a route. */
export function readRoute(frame: Frame): Route {
  const reader = new Reader(frame.bytes);
  return { to: name(reader), from: name(reader) };
}

/** @throws {ProtocolError} If the frame is malformed. */
export function decodeFrame(frame: Frame): Envelope {
  const reader = new Reader(frame.bytes);
  const to = name(reader);
  const from = name(reader);
  const fields = list(reader);
  const kind = fields === 0 ? -1 : count(reader);
  if (FIELDS[kind] === undefined) malformed("its kind is unknown");
  const more = fields - FIELDS[kind];
  if (more !== 0 && (more !== 1 || kind !== SEND)) malformed("its header has too few fields, or too many");
  if (kind === SEND) return readSend(reader, to, from, frame, more === 1);
  return readFields(reader, kind, to, from, frame);
}

function isRelayed(envelope: Envelope): boolean {
  return envelope.kind === "send" && envelope.relayedFor !== undefined;
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
      if (envelope.body.trace === undefined) writer.nil();
      else writer.string(envelope.body.trace);
      if (envelope.relayedFor !== undefined) writer.string(envelope.relayedFor);
      return;
    case "reply":
      writer.number(envelope.id);
      writer.string(envelope.outcome);
      if (envelope.exit === undefined) return writer.nil();
      return writeExit(writer, envelope.exit);
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
      return writeExit(writer, envelope.exit);
  }
}

/** Of an exit that is too long, the error is told in words. */
function writeExit(writer: Writer, exit: Exit): void {
  const bytes = encode(exit, "envelope");
  if (bytes.length <= MOST_EXIT_BYTES && excessIn(bytes) === undefined) return writer.raw(bytes);
  writeValue(writer, { ...exit, error: new Error(brief(exit.error)) }, "envelope");
}

// What an object literal names is read in that order.
function readSend(reader: Reader, to: IsolateId, from: IsolateId, frame: Frame, isRelayed: boolean): Send {
  const about = {
    slot: count(reader),
    incarnation: count(reader),
    secret: secret(reader),
    holder: count(reader),
    id: count(reader),
    verb: readText(reader),
    detail: readText(reader),
  };
  const trace = nil(reader) ? undefined : readText(reader);
  const relayedFor = isRelayed ? name(reader) : undefined;
  const body = readBody(reader, frame);
  return {
    kind: "send",
    to,
    from,
    ...about,
    body: trace === undefined ? body : { ...body, trace },
    ...(isRelayed && { relayedFor }),
  };
}

function readFields(reader: Reader, kind: number, to: IsolateId, from: IsolateId, frame: Frame): Envelope {
  switch (kind) {
    case REPLY:
      return {
        kind: "reply",
        to,
        from,
        id: count(reader),
        outcome: outcome(readText(reader)),
        exit: nil(reader) ? undefined : exit(reader),
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
        kept: flag(reader),
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
        secret: secret(reader),
        lease: readText(reader),
        holderIsolate: name(reader),
        holder: count(reader),
        number: count(reader),
      };
    case RELEASE:
      return {
        kind: "release",
        to,
        from,
        slot: count(reader),
        secret: secret(reader),
        lease: readText(reader),
        holder: count(reader),
      };
    case DOWN:
      return {
        kind: "down",
        to,
        from,
        isolate: name(reader),
        exit: exit(reader),
      };
    default:
      return malformed("its kind is unknown");
  }
}

/** The handles, and the value up to the frame's end. */
export function readBody(reader: Reader, frame: Frame): Packet {
  const passages: Passage[] = [];
  const handles = list(reader);
  if (handles > MOST_HANDLES) malformed("it has too many handles");
  let metaBytes = MOST_META_BYTES;
  for (let following = handles - 1; following >= 0; following--) {
    const fields = list(reader);
    if (fields !== 9 && fields !== 13) malformed("a handle has too few fields, or too many");
    const kind = readText(reader);
    const start = reader.offset;
    const meta = reader.within(metaBytes, readMeta);
    metaBytes -= reader.offset - start;
    passages.push(readPassage(reader, kind, meta, fields === 13, frame, following));
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
  writer: Writer,
  { kind, target, also, meta, parts = 0, memory, number = 0 }: Passage,
  carried: Carried[],
): void {
  writer.arrayHeader(also === undefined ? 9 : 13);
  writer.string(kind);
  writeValue(writer, meta, "envelope");
  writer.number(parts);
  writer.number(memory === undefined ? -1 : carried.push(memory) - 1);
  writer.number(number);
  writeAddress(writer, target);
  if (also !== undefined) writeAddress(writer, also);
}

function writeAddress(writer: Writer, target: Target): void {
  const { isolate, slot, incarnation, secret } = addressOf(target);
  writer.string(isolate);
  writer.number(slot);
  writer.number(incarnation);
  writer.string(secret);
}

function readMeta(reader: Reader): unknown {
  const meta = readValue(reader, undefined, true);
  return metaSize(meta) < Infinity ? meta : malformed("what a handle says of itself is not plain");
}

/**
 * Reads what follows the kind and the meta of a handle.
 *
 * @param following how many passages come after this one
 */
function readPassage(
  reader: Reader,
  kind: string,
  meta: unknown,
  hasAlso: boolean,
  { moved }: Frame,
  following: number,
): Passage {
  const parts = count(reader);
  if (parts > following) malformed("a part of a handle is missing");
  const memory = moved[numeral(reader)];
  const number = count(reader);
  const target = readAddress(reader);
  const also = hasAlso ? readAddress(reader) : undefined;
  return { kind, target, also, meta, parts, memory: memory instanceof SharedArrayBuffer ? memory : undefined, number };
}

function readAddress(reader: Reader): Target {
  const address: Address = {
    isolate: name(reader),
    slot: count(reader),
    incarnation: count(reader),
    secret: secret(reader),
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

/** The name of an isolate, of which nothing looks for those above it if it is too long. */
function name(reader: Reader): IsolateId {
  const id = readText(reader);
  return id.length <= LONGEST_NAME ? id : malformed("an isolate has no such name");
}

/** A longer one than those that are made is none, and is not to be kept with an address. */
function secret(reader: Reader): string {
  const text = readText(reader);
  return text.length <= SECRET_LENGTH ? text : malformed("a secret is too long");
}

/** The string that is next. Nothing else is read in its place: a stranger could have any number of values made so. */
export function readText(reader: Reader): string {
  const byte = reader.peek();
  if ((byte & 0xe0) === 0xa0 || byte === 0xd9) {
    reader.skip(1);
    return reader.key(byte === 0xd9 ? reader.uint(1) : byte & 0x1f);
  }
  return byte === 0xda || byte === 0xdb || isCodeUnits(reader, byte)
    ? readValue(reader) as string
    : malformed("a string is missing");
}

/** Whether a string is next that is not well-formed. */
function isCodeUnits(reader: Reader, byte: number): boolean {
  // The type stands behind the length, which takes no byte, or one, two or four.
  const at = byte >= 0xc7 && byte <= 0xc9 ? 1 + (1 << (byte - 0xc7)) : byte >= 0xd4 && byte <= 0xd8 ? 1 : -1;
  return at > 0 && reader.peek(at) === TEXT;
}

function count(reader: Reader): number {
  const byte = reader.peek();
  if (byte < 0 || byte > 0x7f) {
    const value = numeral(reader);
    return Number.isSafeInteger(value) && value >= 0 ? value : malformed("a number is missing");
  }
  reader.skip(1);
  return byte;
}

/** Any number. */
function numeral(reader: Reader): number {
  const byte = reader.peek();
  const isNumber = (byte >= 0xca && byte <= 0xd3) || byte >= 0xe0 || (byte >= 0 && byte <= 0x7f);
  const value = isNumber ? readValue(reader) : undefined;
  return typeof value === "number" ? value : malformed("a number is missing");
}

function flag(reader: Reader): boolean {
  const byte = reader.byte();
  return byte === 0xc3 || (byte === 0xc2 ? false : malformed("a yes or no is missing"));
}

function outcome(value: string): Outcome {
  return OUTCOMES.includes(value) ? value as Outcome : malformed("its outcome is unknown");
}

function readExit(reader: Reader): unknown {
  return excessIn(reader.rest()) === undefined
    ? readValue(reader)
    : malformed("what an exit has takes too much to read");
}

function exit(reader: Reader): Exit {
  return exitFrom(reader.within(MOST_EXIT_BYTES, readExit)) ?? malformed("an exit is missing");
}

function malformed(problem: string): never {
  throw new ProtocolError(`Cannot read a frame: ${problem}`);
}
