import { ProtocolError } from "../errors.ts";
import type { Address, IsolateId } from "../kernel/address.ts";
import { isWithin, rootOf } from "../kernel/address.ts";
import { addressOf, cells, type Target } from "../kernel/cell.ts";
import type { Envelope } from "../kernel/envelope.ts";
import type { Passage } from "../kernel/handle.ts";
import { isolate } from "../kernel/isolate.ts";
import type { Packet } from "../kernel/packet.ts";
import { checkSecret, type Seal } from "./seal.ts";

/** On the wire: the sender's program, by the path from its root. */
const MINE = "<";
/** On the wire: the receiver's program, by the path from its root. */
const YOURS = ">";
const PATH = /^(?:[./!@][0-9]{1,15}){0,32}$/;

/**
 * What two programs call each other's isolates. On the wire every id is relative: `<` is the sender's program and `>`
 * the receiver's, and a path follows. Here the peer's program hangs below this isolate, as `alias`. So a peer can speak
 * for nobody but itself, and two programs that have connected twice, or a program and itself, are no special case.
 */
export class Naming {
  /** The root of the peer's program, as it is called here. */
  readonly alias: IsolateId;
  readonly #root = rootOf(isolate.id);
  readonly #seal: Seal;

  constructor(alias: IsolateId, seal: Seal) {
    this.alias = alias;
    this.#seal = seal;
  }

  /** How to say to the peer what is here an envelope for it. */
  outbound(envelope: Envelope): Envelope {
    return this.#rename(envelope, (id) => this.#idOut(id), (address) => this.#addressOut(address), (secret) => secret);
  }

  /**
   * What the peer's envelope is here.
   *
   * @throws {ProtocolError} If it is not for this program, not from its own, or names something that is no name.
   */
  inbound(envelope: Envelope): Envelope {
    const { to, from } = envelope;
    if (to[0] !== YOURS) malformed("it is not for this program");
    if (from[0] !== MINE) malformed("it is not from the program that sent it");
    if (envelope.kind === "send" && envelope.relayedFor !== undefined) malformed("its sender speaks for another");
    const named = this.#rename(
      envelope,
      (id) => this.#idIn(id),
      (address) => cells.resolve(this.#addressIn(address)),
      (secret) => this.#seal.open(checkSecret(secret)),
    );
    switch (named.kind) {
      case "down":
        // Neighbours tell each other who is gone, and these two are neighbours, wherever in its program either lives.
        return { ...named, to: isolate.id, from: this.alias };
      case "grant":
        // No memory is shared, and so nobody is called anything in it.
        return { ...named, number: 0 };
      default:
        return named;
    }
  }

  #rename(
    envelope: Envelope,
    id: (id: IsolateId) => IsolateId,
    address: (address: Address) => Target,
    secret: (secret: string) => string,
  ): Envelope {
    const route = { to: id(envelope.to), from: id(envelope.from) };
    const packet = (body: Packet) => body.passages.length === 0 ? body : { ...body, passages: passages(body.passages) };
    const passages = (all: readonly Passage[]) => all.map((passage) => rename(passage, address));
    switch (envelope.kind) {
      case "send":
        // To the other side all of this program is one stranger.
        return {
          ...envelope,
          ...route,
          secret: secret(envelope.secret),
          body: packet(envelope.body),
          relayedFor: undefined,
        };
      case "reply":
      case "item":
      case "taken":
        return { ...envelope, ...route, body: packet(envelope.body) };
      case "grant":
        return { ...envelope, ...route, secret: secret(envelope.secret), holderIsolate: id(envelope.holderIsolate) };
      case "release":
        return { ...envelope, ...route, secret: secret(envelope.secret) };
      case "down":
        return { ...envelope, ...route, isolate: id(envelope.isolate) };
      case "cancel":
      case "credit":
        return { ...envelope, ...route };
    }
  }

  #idOut(id: IsolateId): string {
    const [name, root] = isWithin(id, this.alias) ? [YOURS, this.alias] : [MINE, this.#root];
    const path = id.slice(root.length);
    // A child of this program may have named what there cannot be; the peer is not to be troubled with it.
    return id.startsWith(root) && PATH.test(path) ? name + path : malformed("an isolate has no such name");
  }

  #idIn(name: string): IsolateId {
    const path = name.slice(1);
    if (PATH.test(path)) {
      if (name[0] === YOURS) return this.#root + path;
      if (name[0] === MINE) return this.alias + path;
    }
    return malformed("an isolate has no such name");
  }

  /** What the peer is told of a cell of its own is what it has said itself. */
  #addressOut(address: Address): Address {
    const isolate = this.#idOut(address.isolate);
    return { ...address, isolate, secret: isolate[0] === YOURS ? address.secret : this.#seal.close(address.secret) };
  }

  #addressIn({ isolate, slot, incarnation, secret }: Address): Address {
    checkSecret(secret);
    return {
      isolate: this.#idIn(isolate),
      slot,
      incarnation,
      secret: isolate[0] === YOURS ? this.#seal.open(secret) : secret,
    };
  }

  /** What an isolate of the peer's is called here, by its path there. */
  within(path: string): IsolateId {
    return this.#idIn(MINE + path);
  }

  /** The address of a cell of this program, for the peer. */
  tell(target: Target): Address {
    return this.#addressOut(addressOf(target));
  }

  /** The address of a cell of the peer's program, as the peer has told it. */
  hear(address: Address): Address {
    if (address.isolate[0] !== MINE) malformed("an address is not the sender's");
    return this.#addressIn(address);
  }
}

function rename(passage: Passage, address: (address: Address) => Target): Passage {
  const { kind, meta, parts, target, also } = passage;
  // Memory is not shared with another program, and so nothing is called anything in it.
  const named = { kind, meta, parts, target: address(addressOf(target)) };
  return also === undefined ? named : { ...named, also: address(addressOf(also)) };
}

function malformed(problem: string): never {
  throw new ProtocolError(`Cannot read a frame: ${problem}`);
}
