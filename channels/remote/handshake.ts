import { brief } from "../kernel/show.ts";
import { decode, encode, type ValueMap, type ValueType } from "@std/msgpack";
import { createHmac, timingSafeEqual } from "node:crypto";
import { AuthenticationError, DisconnectedError, ProtocolError } from "../errors.ts";
import type { Address, IsolateId } from "../kernel/address.ts";
import { MAX_FRAME_BYTES, type Socket } from "../link/socket_link.ts";
import type { AuthKey } from "./connection_options.ts";
import { whyNoHeartbeat } from "./limits.ts";

/*
 * How two programs find that they have the same key, before either believes anything else that the other says. Each
 * message is its length in four bytes, big end first, and a MessagePack map:
 *
 *   connecting                                         listening
 *   { troupe: 1, nonce: 32 bytes }           ->
 *                                            <-        { troupe: 1, nonce: 32 bytes }
 *   { proof, holder: [path, slot] }          ->
 *                                            <-        { proof, holder, end, heartbeatMs, maxFrameBytes }
 *   { end: [path, slot, incarnation, secret], maxFrameBytes }  ->
 *
 * or, from either side at any point, { refused: why }. A proof is the HMAC-SHA-256 of the role and both nonces. The side
 * that listens proves last, so that strangers get nothing to try keys on. `holder` is the actor that will have the
 * connection, `end` the cell to which the other side sends what is for it. `maxFrameBytes` is the longest frame that its
 * sender takes; a side that does not say it takes those of 64 MiB.
 */

/** The version of the protocol; others are refused. */
const VERSION = 1;
/** The longest message of a handshake. */
const MAX_BYTES = 1024;
const NONCE_BYTES = 32;
const PROOF_BYTES = 32;

/** Who will hold the connection at one side: an isolate, as the wire names it, and a slot there. */
export interface Seat {
  readonly isolate: IsolateId;
  readonly slot: number;
}

/** A message as it has come: anything may be in it, or missing. */
interface Heard {
  readonly troupe?: ValueType;
  readonly nonce?: ValueType;
  readonly proof?: ValueType;
  readonly holder?: ValueType;
  readonly end?: ValueType;
  readonly heartbeatMs?: ValueType;
  readonly maxFrameBytes?: ValueType;
  readonly refused?: ValueType;
}

/** What one side says of itself. */
export interface Terms {
  readonly holder: Seat;
  /** The longest frame that this side takes. */
  readonly maxFrameBytes: number;
  /** Told of each message that has come, where somebody wants to know. */
  heard?(): void;
  /** Where to send what is for this side; asked once the other is known to have the key. Nowhere, if there is no room. */
  end(holder: Seat): Address | undefined;
}

/** What was agreed on. */
export interface Agreed {
  readonly holder: Seat;
  readonly end: Address;
  readonly heartbeatMs: number;
  /** The longest frame that the other side takes. */
  readonly maxFrameBytes: number;
}

/**
 * The side that connects.
 *
 * @param action what fails if this does, for people
 */
export function greet(socket: Socket, action: string, key: AuthKey | undefined, terms: Terms): Promise<Agreed> {
  return explained(action, connect(new Talk(socket, action, terms), key, terms));
}

async function connect(talk: Talk, key: AuthKey | undefined, terms: Terms): Promise<Agreed> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  await talk.say({ troupe: VERSION, nonce });
  const challenge = await talk.hear();
  await checkVersion(talk, challenge);
  const nonces = join(nonce, bytesOf(challenge.nonce, NONCE_BYTES));
  await talk.say({ proof: prove(key, "connect", nonces), holder: seatForm(terms.holder) });
  const welcome = await talk.hear();
  if (!verify(key, "listen", nonces, welcome.proof)) throw await talk.refuseKey();
  const holder = seat(welcome.holder);
  await talk.say({ end: await place(talk, terms, holder), maxFrameBytes: terms.maxFrameBytes });
  const heartbeatMs = count(welcome.heartbeatMs);
  const problem = whyNoHeartbeat(heartbeatMs);
  if (problem !== undefined) throw malformed(problem);
  return { holder, end: address(welcome.end), heartbeatMs, maxFrameBytes: longestFrame(welcome.maxFrameBytes) };
}

/** The side that listens. */
export function receive(
  socket: Socket,
  action: string,
  key: AuthKey | undefined,
  terms: Terms,
  heartbeatMs: number,
): Promise<Agreed> {
  return explained(action, listen(new Talk(socket, action, terms), key, terms, heartbeatMs));
}

async function listen(talk: Talk, key: AuthKey | undefined, terms: Terms, heartbeatMs: number): Promise<Agreed> {
  const hello = await talk.hear();
  await checkVersion(talk, hello);
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const nonces = join(bytesOf(hello.nonce, NONCE_BYTES), nonce);
  await talk.say({ troupe: VERSION, nonce });
  const answer = await talk.hear();
  if (!verify(key, "connect", nonces, answer.proof)) throw await talk.refuseKey();
  const holder = seat(answer.holder);
  const proof = prove(key, "listen", nonces);
  const end = await place(talk, terms, holder);
  await talk.say({ proof, holder: seatForm(terms.holder), end, heartbeatMs, maxFrameBytes: terms.maxFrameBytes });
  const last = await talk.hear();
  return { holder, end: address(last.end), heartbeatMs, maxFrameBytes: longestFrame(last.maxFrameBytes) };
}

const REFUSED: Readonly<Record<string, (action: string) => Error>> = {
  authentication: (action) => new AuthenticationError(`Cannot ${action}: the other side does not accept the key`),
  busy: (action) => new DisconnectedError(`Cannot ${action}: the listener has as many connections as it takes`),
  version: (action) =>
    new ProtocolError(`Cannot ${action}: the other side does not speak version ${VERSION} of the protocol`),
};

/** Messages on a socket on which frames come later: not a byte more is read than what belongs to one. */
class Talk {
  constructor(readonly socket: Socket, readonly action: string, readonly terms: Terms) {}

  async say(message: ValueMap): Promise<void> {
    const body = encode(message);
    const bytes = new Uint8Array(4 + body.length);
    new DataView(bytes.buffer).setUint32(0, body.length);
    bytes.set(body, 4);
    for (let at = 0; at < bytes.length;) at += await this.socket.write(bytes.subarray(at));
  }

  async hear(): Promise<Heard> {
    const length = new DataView((await this.#read(4)).buffer).getUint32(0);
    if (length > MAX_BYTES) throw malformed(`a message has ${length} bytes, more than ${MAX_BYTES}`);
    const message = parse(await this.#read(length));
    this.terms.heard?.();
    const { refused } = message;
    if (typeof refused === "string") throw REFUSED[Object.hasOwn(REFUSED, refused) ? refused : "busy"](this.action);
    return message;
  }

  /** The other side has not shown that it has the key. */
  async refuseKey(): Promise<Error> {
    await this.say({ refused: "authentication" }).catch(() => {});
    return new AuthenticationError(`Cannot ${this.action}: the other side does not have the key`);
  }

  async #read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const read = await this.socket.read(bytes.subarray(at));
      if (read === null) {
        throw new DisconnectedError(`Cannot ${this.action}: the other side hung up during the handshake`);
      }
      at += read;
    }
    return bytes;
  }
}

/** Proves that this side has the key. */
function prove(key: AuthKey | undefined, role: string, nonces: Uint8Array): Uint8Array {
  // Without a key, everybody who can connect may: the proofs then show nothing but that neither side expects one.
  const bytes = key === undefined ? "no key" : join(new Uint8Array([0]), bytesOfKey(key));
  return new Uint8Array(createHmac("sha256", bytes).update(statement(role, nonces)).digest());
}

/** Whether the other side has the key; in a time that does not depend on where the proof is wrong. */
function verify(key: AuthKey | undefined, role: string, nonces: Uint8Array, proof: unknown): boolean {
  if (!(proof instanceof Uint8Array) || proof.length !== PROOF_BYTES) return false;
  return timingSafeEqual(proof, prove(key, role, nonces));
}

function bytesOfKey(key: AuthKey): Uint8Array {
  return typeof key === "string" ? new TextEncoder().encode(key) : key;
}

function statement(role: string, nonces: Uint8Array): Uint8Array<ArrayBuffer> {
  return join(new TextEncoder().encode(`troupe ${VERSION} ${role}`), nonces);
}

async function checkVersion(talk: Talk, { troupe }: Heard): Promise<void> {
  // Another program may write any integer in 64 bits, which is read as a bigint.
  if (troupe === VERSION || troupe === BigInt(VERSION)) return;
  await talk.say({ refused: "version" }).catch(() => {});
  throw new ProtocolError(
    `Cannot ${talk.action}: the other side speaks version ${brief(troupe)}, this one ${VERSION}`,
  );
}

async function place(talk: Talk, terms: Terms, holder: Seat): Promise<ValueType> {
  const end = terms.end(holder);
  if (end !== undefined) return addressForm(end);
  await talk.say({ refused: "busy" });
  throw new DisconnectedError(`Cannot ${talk.action}: as many connections as there may be wait to be accepted`);
}

function parse(bytes: Uint8Array): Heard {
  let message: ValueType;
  try {
    message = decode(bytes);
  } catch (error) {
    throw malformed("a message is not MessagePack", error);
  }
  if (typeof message !== "object" || message === null || Array.isArray(message) || message instanceof Uint8Array) {
    throw malformed("a message is no map");
  }
  return message as Heard;
}

function seatForm({ isolate, slot }: Seat): ValueType {
  return [isolate, slot];
}

function seat(form: unknown): Seat {
  const [isolate, slot] = arrayOf(form, 2);
  return { isolate: text(isolate), slot: count(slot) };
}

function addressForm({ isolate, slot, incarnation, secret }: Address): ValueType {
  return [isolate, slot, incarnation, secret];
}

function address(form: unknown): Address {
  const [isolate, slot, incarnation, secret] = arrayOf(form, 4);
  return { isolate: text(isolate), slot: count(slot), incarnation: count(incarnation), secret: text(secret) };
}

function arrayOf(value: unknown, length: number): unknown[] {
  if (!Array.isArray(value) || value.length !== length) throw malformed("a field is no list of the right length");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw malformed("a string is missing");
  return value;
}

function count(value: unknown): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (!Number.isSafeInteger(number) || number as number < 0) throw malformed("a number is missing");
  return number as number;
}

/** The longest frame that the other side takes, if it has said so. */
function longestFrame(value: unknown): number {
  if (value === undefined) return MAX_FRAME_BYTES;
  const bytes = count(value);
  if (bytes === 0) throw malformed("the other side takes no frame");
  return bytes;
}

function bytesOf(value: unknown, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw malformed(`a nonce has not ${length} bytes`);
  return value;
}

/** The reason why a message of the handshake is malformed. */
class Malformed extends Error {}

function malformed(problem: string, cause?: unknown): Malformed {
  return new Malformed(problem, cause === undefined ? undefined : { cause });
}

/** Says of a message that is malformed what failed by it. */
async function explained(action: string, handshake: Promise<Agreed>): Promise<Agreed> {
  try {
    return await handshake;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const { message, cause } = error;
    throw new ProtocolError(`Cannot ${action}: ${message}`, cause === undefined ? undefined : { cause });
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
