import { NotSerializableError } from "../errors.ts";
import { isForeign, type IsolateId, sameProcess } from "./address.ts";
import { cells, isCell, type Target } from "./cell.ts";
import { decode } from "./codec/decode.ts";
import { encode, encodeThrown } from "./codec/encode.ts";
import { Refusal } from "./codec/refusal.ts";
import {
  type Destination,
  grantAll,
  indexesOf,
  metaSize,
  MOST_HANDLES,
  MOST_META_BYTES,
  type Passage,
  passagesOf,
  releaseAll,
  revive,
  tryToRevive,
} from "./handle.ts";
import type { Holder } from "./holder.ts";
import { isolate } from "./isolate.ts";
import { endMoved, movesWith } from "./moving.ts";
import { Snapshot } from "./snapshot.ts";
import { type Movable, type Packet, plainPacket } from "./packet.ts";

/** What a sender may add to a value. */
export interface PackOptions {
  /** Objects to move instead of copying. */
  readonly transfer?: readonly Movable[] | undefined;
  /** Makes a handle of what travels only for the length of a call: signals, async iterables. */
  readonly bridge?: ((object: object) => Passage | undefined) | undefined;
  /** Whether the value is a list of arguments or the like, of which nothing but its items has to be known. */
  readonly isList?: boolean | undefined;
}

/** Of a list of which nothing but its items has to be known. */
export const LIST: PackOptions = { isList: true };

const NO_OPTIONS: PackOptions = {};
const LEAVES_NOT = "it cannot leave this operating-system process";
const NOTHING: readonly never[] = [];
/** A message of at most so many bytes is sent unchecked: another program hardly takes less, and its link refuses it if so. */
const SURELY_SENT_BYTES = 4096;

/** Collects what travels beside the bytes of one value. */
class Baggage {
  readonly passages: Passage[] = [];
  /** Most messages have none. */
  #handleIndex: Map<object, number> | undefined;
  #metaBytes = 0;
  readonly #moves: readonly object[];
  readonly #bridge: PackOptions["bridge"];

  constructor(options: PackOptions, moves: readonly Movable[]) {
    this.#bridge = options.bridge;
    this.#moves = moves;
  }

  handle(object: object): number | undefined {
    const known = this.#handleIndex?.get(object);
    if (known !== undefined) return known;
    const bridged = () => {
      const passage = this.#bridge?.(object);
      return passage && [passage];
    };
    const passages = passagesOf(object) ?? bridged();
    if (passages === undefined) return undefined;
    const index = this.passages.length;
    for (const { meta } of passages) this.#metaBytes += metaSize(meta);
    if (index + passages.length > MOST_HANDLES || this.#metaBytes > MOST_META_BYTES) {
      throw new Refusal("handle", `it has more than ${MOST_HANDLES} handles, or longer ones than can travel at once`);
    }
    (this.#handleIndex ??= new Map()).set(object, index);
    this.passages.push(...passages);
    return index;
  }

  transfer(object: object): number | undefined {
    const index = this.#moves.indexOf(object);
    return index < 0 ? undefined : index;
  }
}

/**
 * Takes a snapshot of a value for whoever holds `to`. Nothing has happened when it throws: no handle is leased, no
 * object moved.
 *
 * @param root how the value is called in the error's path
 * @throws {NotSerializableError} If something in it cannot travel.
 */
export function pack(value: unknown, root: string, to: Destination, options: PackOptions = NO_OPTIONS): Packet {
  const transfer = options.transfer ?? NOTHING;
  if (transfer === NOTHING) {
    const plain = Snapshot.plain(value, options.isList === true);
    if (plain !== undefined) return plain;
    const baggage = new Baggage(options, NOTHING);
    const bytes = encode(value, root, baggage, options.isList);
    if (bytes.length > SURELY_SENT_BYTES) checkLength(bytes, root, to);
    grantAll(baggage.passages, to);
    return { bytes, passages: baggage.passages, moved: NOTHING };
  }
  const inProcess = sameProcess(isolate.id, to.isolate);
  checkTransfer(transfer, inProcess);
  const baggage = new Baggage(options, inProcess ? transfer : []);
  const bytes = encode(value, root, baggage, options.isList);
  checkLength(bytes, root, to);
  const moved = move(transfer);
  grantAll(baggage.passages, to);
  return { bytes, passages: baggage.passages, moved: inProcess ? moved : [] };
}

/** Another program may take no message that is as long; the link to it, if it begins here, knows. */
function checkLength({ length }: Uint8Array, root: string, to: Destination): void {
  if (!isForeign(to.isolate)) return;
  const { maxBytes } = isolate.routes.linkTo(to.isolate) ?? {};
  if (maxBytes !== undefined && length > maxBytes) throw tooLong(root, length, maxBytes);
}

/** The error of a message that another program would not take. */
export function tooLong(path: string, length: number, most: number): NotSerializableError {
  const problem = `its ${length} bytes are more than the ${most} that the other program takes`;
  return new NotSerializableError(`Cannot send ${path}: ${problem}`, { path, kind: `message of ${length} bytes` });
}

/**
 * The same for several lists that go the same way, each of which moves what it holds of `transfer`. Until `finish`
 * nothing has happened, and then all of it.
 */
export class Packing {
  readonly #to: Destination;
  readonly #transfer: readonly Movable[];
  readonly #inProcess: boolean;
  /** The objects to move, each with the number of the list that names it. */
  readonly #foundIn: Map<object, number | undefined>;
  readonly #parts: { readonly bytes: Uint8Array; readonly passages: Passage[]; readonly moves: Movable[] }[] = [];

  /** @throws {NotSerializableError} If something in `transfer` cannot be moved. */
  constructor(to: Destination, transfer: readonly Movable[] = NOTHING) {
    this.#to = to;
    this.#transfer = transfer;
    this.#inProcess = sameProcess(isolate.id, to.isolate);
    checkTransfer(transfer, this.#inProcess);
    this.#foundIn = new Map(transfer.map((object) => [object, undefined]));
  }

  /**
   * Adds a list.
   *
   * @throws {NotSerializableError} If something in it cannot travel, or is to be moved with another value already.
   */
  add(list: readonly unknown[], root: string): void {
    const number = this.#parts.length;
    const moves: Movable[] = [];
    const baggage = new Baggage(NO_OPTIONS, NOTHING);
    const transfer = (object: object) => {
      if (!this.#foundIn.has(object)) return undefined;
      const known = this.#foundIn.get(object);
      if (known === undefined) this.#foundIn.set(object, number);
      else if (known !== number) throw new Refusal("transfer", "it is in two of the lists, and moves with one");
      if (!this.#inProcess) return undefined;
      const index = moves.indexOf(object as Movable);
      return index < 0 ? moves.push(object as Movable) - 1 : index;
    };
    const bytes = encode(list, root, { handle: (object) => baggage.handle(object), transfer }, true);
    checkLength(bytes, root, this.#to);
    this.#parts.push({ bytes, passages: baggage.passages, moves });
  }

  /** Moves what is to be moved, and leases the handles. */
  finish(): Packet[] {
    const moved = move(this.#transfer);
    const moves = new Map(this.#transfer.map((object, index) => [object, moved[index]]));
    return this.#parts.map(({ bytes, passages, moves: own }) => {
      grantAll(passages, this.#to);
      return { bytes, passages, moved: own.map((object) => moves.get(object)!) };
    });
  }
}

/** The same for a result, with which something may be to move. */
export function packResult(value: unknown, root: string, to: Destination): Packet {
  const transfer = movesWith(value);
  return transfer === undefined ? pack(value, root, to) : pack(value, root, to, { transfer });
}

/** The same for a result that is read once. Within this isolate, plain data takes no detour by bytes. */
export function packAnswer(value: unknown, root: string, to: Destination): Packet {
  const transfer = movesWith(value);
  if (transfer !== undefined) return pack(value, root, to, { transfer });
  return (to.isolate === isolate.id ? Snapshot.of(value) : undefined) ?? pack(value, root, to);
}

/** The same for what was thrown; never throws. */
export function packThrown(thrown: unknown, to: Destination): Packet {
  const baggage = new Baggage({}, []);
  const bytes = encodeThrown(thrown, baggage);
  grantAll(baggage.passages, to);
  return { bytes, passages: baggage.passages, moved: [] };
}

/** Reads a value as `holder`, who gets the leases on its handles. */
export function unpack(packet: Packet, holder: Holder, bridged?: (face: object) => void): unknown {
  if (packet instanceof Snapshot) return packet.take();
  const { bytes, passages, moved } = packet;
  if (bytes.length === 0) return undefined;
  if (passages.length === 0 && moved.length === 0) return decode(bytes);
  const faces = new Map<number, object>();
  const revived = new Set<number>();
  try {
    return decode(bytes, {
      handle(index) {
        let face = faces.get(index);
        if (face === undefined && passages[index] !== undefined) {
          const indexes = indexesOf(passages, index, revived);
          faces.set(index, face = revive(passages, index, holder));
          for (const at of indexes) revived.add(at);
          bridged?.(face);
        }
        return face;
      },
      transfer: (index) => moved[index],
    });
  } finally {
    // A handle that the value does not name after all is nobody's.
    if (revived.size < passages.length) releaseAll(passages.filter((_, index) => !revived.has(index)), holder);
  }
}

/**
 * Reads a value of which nothing is wanted.
 *
 * @throws {Error} If it cannot be read.
 */
export function checkReadable({ bytes, passages, moved }: Packet): void {
  if (bytes.length === 0) return;
  const faces = new Map<number, object>();
  const named = new Set<number>();
  decode(bytes, {
    handle(index) {
      if (!faces.has(index) && passages[index] !== undefined) {
        for (const at of indexesOf(passages, index, named)) named.add(at);
        faces.set(index, tryToRevive(passages, index));
      }
      return faces.get(index);
    },
    transfer: (index) => moved[index],
  });
}

/** Stands for a handle in a value that is not read but written again. */
class Place {}

/**
 * The message as it goes on to somebody: in another operating-system process what had moved here arrives as bytes. Its
 * handles and their leases are as they were.
 *
 * @throws {NotSerializableError} If what had moved is nothing that bytes can be made of.
 */
export function onwardTo(to: IsolateId, packet: Packet): Packet {
  const { moved } = packet;
  if (moved.length === 0 || sameProcess(isolate.id, to)) return packet;
  const places = packet.passages.map(() => new Place());
  const index = new Map(places.map((place, index) => [place as object, index]));
  const value = decode(packet.bytes, { handle: (index) => places[index], transfer: (index) => moved[index] });
  const bytes = encode(value, "message", {
    handle: (object) => index.get(object),
    transfer(object) {
      if (object instanceof ArrayBuffer || !moved.includes(object as Movable)) return undefined;
      throw new Refusal(object.constructor.name, LEAVES_NOT);
    },
  });
  return { ...packet, bytes, moved: NOTHING };
}

/** Undoes a message that nobody will read: gives its handles back, and ends what had moved with it. */
export function drop({ passages, moved }: Packet, holder: Holder): void {
  releaseAll(passages, holder);
  endMoved(moved);
}

/** Hands a packet on, unread, from one holder to another. */
export function handOver(packet: Packet, from: Holder, to: Destination): void {
  if (packet.passages.length === 0) return;
  grantAll(packet.passages, to);
  releaseAll(packet.passages, from);
}

/** A packet for a value that certainly can travel. */
export function packPlain(value: unknown): Packet {
  return plainPacket(encode(value, "value"));
}

/** Where the handles of a message to `target` will be held. */
export function destinationOf(target: Target): Destination {
  return isCell(target) ? { isolate: isolate.id, slot: cells.slotOf(target) } : target;
}

/**
 * Detaches the originals and gives the ones that go on from here. What may refuse to move goes first, so that buffers,
 * which are copied in no time but cannot be had back, are detached only when nothing can stop the message any more.
 */
function move(transfer: readonly Movable[]): readonly Movable[] {
  if (transfer.length === 0) return transfer;
  const moved = new Map<Movable, Movable>();
  const detach = (objects: readonly Movable[]) => {
    const gone = structuredClone(objects, { transfer: objects as Transferable[] });
    for (const [index, object] of objects.entries()) moved.set(object, gone[index]);
  };
  try {
    for (const object of transfer) if (!(object instanceof ArrayBuffer)) detach([object]);
    detach(transfer.filter((object) => object instanceof ArrayBuffer));
  } catch (error) {
    throw new NotSerializableError(`Cannot send transfer: ${(error as Error).message}`, {
      path: "transfer",
      kind: "transfer",
    });
  }
  return transfer.map((object) => moved.get(object)!);
}

function checkTransfer(transfer: readonly Movable[], inProcess: boolean): void {
  if (!Array.isArray(transfer)) throw new TypeError(`Cannot send: transfer must be an array, not ${typeof transfer}`);
  for (const [index, object] of transfer.entries()) {
    const path = `transfer[${index}]`;
    if (object instanceof ArrayBuffer) {
      if (object.detached) fail(path, "ArrayBuffer", "it is detached already");
    } else if (
      !(object instanceof MessagePort || object instanceof ReadableStream || object instanceof WritableStream ||
        object instanceof TransformStream)
    ) fail(path, typeof object, "only an ArrayBuffer, a MessagePort and a web stream can be moved");
    else if (!inProcess) fail(path, object.constructor.name, LEAVES_NOT);
    else if (isLocked(object)) fail(path, object.constructor.name, "it is locked");
    if (transfer.indexOf(object) < index) fail(path, object.constructor.name, "it is named twice");
  }
}

function isLocked(object: Exclude<Movable, ArrayBuffer>): boolean {
  if (object instanceof MessagePort) return false;
  return object instanceof TransformStream ? object.readable.locked || object.writable.locked : object.locked;
}

function fail(path: string, kind: string, why: string): never {
  throw new NotSerializableError(`Cannot send ${path}: ${why}`, { path, kind });
}
