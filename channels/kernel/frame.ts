import { type Exit, isExit } from "../exit.ts";
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

/** A buffer larger than this is not kept for the next frame. */
const KEPT_BYTES = 65_536;
let writer = new Writer();

/** Writes an envelope. */
export function encodeFrame(envelope: Envelope): Frame {
  const body = "body" in envelope ? envelope.body : EMPTY_PACKET;
  if (writer.capacity > KEPT_BYTES) writer = new Writer();
  writer.rewind(0);
  writer.string(envelope.to);
  writer.string(envelope.from);
  const carried: Carried[] = [...body.moved];
  const passages = body.passages.map((passage) => writePassage(passage, carried));
  writeValue(writer, [KINDS.indexOf(envelope.kind), ...fieldsOf(envelope), passages], "envelope");
  writer.raw(body.bytes);
  return { bytes: writer.finish(), moved: carried };
}

/** @throws {ProtocolError} If the frame does not begin with a route. */
export function readRoute(frame: Frame): Route {
  const reader = new Reader(frame.bytes);
  return { to: text(readValue(reader)), from: text(readValue(reader)) };
}

/** @throws {ProtocolError} If the frame is malformed. */
export function decodeFrame(frame: Frame): Envelope {
  const reader = new Reader(frame.bytes);
  const to = text(readValue(reader));
  const from = text(readValue(reader));
  const header = readValue(reader);
  if (!Array.isArray(header)) malformed("its header is no array");
  const [kind, ...fields] = header as unknown[];
  const passages = fields.pop();
  if (!Array.isArray(passages)) malformed("it has no list of handles");
  const body = {
    bytes: reader.rest(),
    passages: passages.map((fields, index) => readPassage(fields, frame, passages.length - 1 - index)),
    moved: frame.moved.filter((object): object is Movable => !(object instanceof SharedArrayBuffer)),
  };
  return { to, from, ...envelopeOf(KINDS[count(kind)], fields, body) } as Envelope;
}

function fieldsOf(envelope: Envelope): unknown[] {
  switch (envelope.kind) {
    case "send":
      return [
        envelope.slot,
        envelope.incarnation,
        envelope.secret,
        envelope.holder,
        envelope.id,
        envelope.verb,
        envelope.detail,
      ];
    case "reply":
      return [envelope.id, envelope.outcome, envelope.exit ?? null];
    case "item":
      return [envelope.id, envelope.tag];
    case "taken":
      return [envelope.id, envelope.kept];
    case "cancel":
      return [envelope.id];
    case "credit":
      return [envelope.slot, envelope.count];
    case "grant":
      return [
        envelope.slot,
        envelope.secret,
        envelope.lease,
        envelope.holderIsolate,
        envelope.holder,
        envelope.number,
      ];
    case "release":
      return [envelope.slot, envelope.secret, envelope.lease, envelope.holder];
    case "down":
      return [envelope.isolate, envelope.exit];
  }
}

function envelopeOf(kind: Envelope["kind"] | undefined, fields: unknown[], body: Packet): object {
  const [a, b, c, d, e, f, g] = fields;
  switch (kind) {
    case "send":
      return {
        kind,
        slot: count(a),
        incarnation: count(b),
        secret: text(c),
        holder: count(d),
        id: count(e),
        verb: text(f),
        detail: text(g),
        body,
      };
    case "reply":
      return { kind, id: count(a), outcome: outcome(b), exit: c === null ? undefined : exit(c), body };
    case "item":
      return { kind, id: count(a), tag: count(b), body };
    case "taken":
      return { kind, id: count(a), kept: flag(b), body };
    case "cancel":
      return { kind, id: count(a) };
    case "credit":
      return { kind, slot: count(a), count: count(b) };
    case "grant":
      return {
        kind,
        slot: count(a),
        secret: text(b),
        lease: text(c),
        holderIsolate: text(d),
        holder: count(e),
        number: count(f),
      };
    case "release":
      return { kind, slot: count(a), secret: text(b), lease: text(c), holder: count(d) };
    case "down":
      return { kind, isolate: text(a), exit: exit(b) };
    case undefined:
      return malformed("its kind is unknown");
  }
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
  if (count(parts) > following) malformed("a part of a handle is missing");
  const memory = moved[at as number];
  const also = addresses.length > 4 ? readAddress(addresses.slice(4)) : undefined;
  return {
    kind: text(kind),
    target: readAddress(addresses),
    also,
    meta,
    parts: parts as number,
    memory: memory instanceof SharedArrayBuffer ? memory : undefined,
    number: count(number),
  };
}

function readAddress([isolate, slot, incarnation, secret]: unknown[]): Target {
  const address: Address = {
    isolate: text(isolate),
    slot: count(slot),
    incarnation: count(incarnation),
    secret: text(secret),
  };
  return cells.resolve(address);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : malformed("a string is missing");
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : malformed("a number is missing");
}

function flag(value: unknown): boolean {
  return typeof value === "boolean" ? value : malformed("a yes or no is missing");
}

function outcome(value: unknown): Outcome {
  return OUTCOMES.includes(value as string) ? value as Outcome : malformed("its outcome is unknown");
}

function exit(value: unknown): Exit {
  return isExit(value) ? value : malformed("an exit is missing");
}

function malformed(problem: string): never {
  throw new ProtocolError(`Cannot read a frame: ${problem}`);
}
