/** A subprocess that never ran: a link on which the test says what a hostile kernel might. */
import { BOOT_SLOT, type IsolateId, MAIN_SLOT } from "../../channels/kernel/address.ts";
import { addressOf } from "../../channels/kernel/cell.ts";
import type { Envelope, Outcome, Reply, Send } from "../../channels/kernel/envelope.ts";
import { decodeFrame, encodeFrame } from "../../channels/kernel/frame.ts";
import type { Passage } from "../../channels/kernel/handle.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import type { Frame, Link, LinkListener } from "../../channels/kernel/link.ts";
import { type Packet, plainPacket } from "../../channels/kernel/packet.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import type { BootConfig, Seat, SeatEnd } from "../../actors/placement/placement.ts";
import { process } from "../../actors/placement/process.ts";
import type { Chance } from "../chance.ts";
import type { HostileBytes } from "./hostile_bytes.ts";

/** Every verb that a cell may understand, and some that none does. */
const VERBS: readonly string[] = ("abort acquire acquireSync add await call cancelSync cast chunk clear close " +
  "compareExchange delete discard done down entries exit exited extend get has hasRoom hold increment indexOf insert " +
  "inspect interrupt isSet item join keys kill leave look message more notify object over ping poll pop probe produce " +
  "push put read recv reject release remove report reset result reverse room run runWith send set setDefault settle " +
  "size slice sort start stats stop swap take terminate tryAcquire tryGet tryPoll tryPut tryRecv unlink up update " +
  "value values wait waiting watch write createMemory attachMemory register lookup unregister deadLetters described " +
  "toString __proto__ \n").split(" ");
/** Kinds of handles and leases. */
const KINDS: readonly string[] = ("ref process queue joinable-queue pipe-end lock rlock condition event-flag barrier " +
  "shared-value shared-array shared-struct shareable-list segment producer pool supervisor manager named shared-dict " +
  "shared-list " +
  "stream signal place-control remote-connection __proto__ nothing").split(" ");
const OUTCOMES: readonly Outcome[] = ["value", "thrown", "cancelled", "lost"];
const REASONS: readonly string[] = ["normal", "stopped", "killed", "error", "out-of-memory", "parent-gone", "\x1b[2J"];

/** Has subprocesses started by the test instead of the system, until it is disposed of. */
export class HostileChildren implements Disposable {
  readonly all: HostileChild[] = [];
  readonly #open = process.open;

  constructor(chance: Chance, values: HostileBytes) {
    process.open = (config: BootConfig): Seat => {
      const child = new HostileChild(config, chance, values);
      this.all.push(child);
      return child.seat;
    };
  }

  /** Those whose link still stands. */
  get alive(): HostileChild[] {
    return this.all.filter((child) => !child.closed);
  }

  [Symbol.dispose](): void {
    process.open = this.#open;
    for (const child of this.alive) child.end();
  }
}

/** One of them. */
export class HostileChild implements Link {
  /** Whether the program has hung up. */
  closed = false;
  readonly id: IsolateId;
  readonly seat: Seat;
  readonly #chance: Chance;
  readonly #values: HostileBytes;
  readonly #config: BootConfig;
  readonly #told: Passage[] = [];
  readonly #asked: Send[] = [];
  readonly #ended = Promise.withResolvers<SeatEnd>();
  #listener: LinkListener | undefined;
  #lastId = 0;
  #isUp = false;

  constructor(config: BootConfig, chance: Chance, values: HostileBytes) {
    this.id = config.id;
    this.#config = config;
    this.#chance = chance;
    this.#values = values;
    const { parent, keeper, root } = config;
    for (const target of [parent.actor, parent.keeper, keeper, root]) {
      this.#told.push({ kind: "ref", target, meta: ["told", "process", null] });
    }
    this.seat = {
      pid: 1,
      link: Promise.resolve(this),
      ended: this.#ended.promise,
      kill: () => this.end(),
    };
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
  }

  send(frame: Frame): void {
    const envelope = decodeFrame(frame);
    if ("body" in envelope) this.#told.push(...envelope.body.passages);
    if (this.#told.length > 100) this.#told.splice(20, 50);
    if (envelope.kind !== "send" || envelope.id === 0) return;
    // Mostly it starts, so that there is something to attack.
    if (envelope.verb === "start" && !this.#chance.oneIn(8)) {
      this.#isUp = true;
      queueMicrotask(() =>
        this.#say({ ...this.#route(), kind: "reply", id: envelope.id, outcome: "value", body: NOTHING })
      );
    } else {
      this.#asked.push(envelope);
      if (this.#asked.length > 50) this.#asked.shift();
    }
  }

  flush(): undefined {}

  close(): void {
    this.end();
  }

  /** Its process is gone. */
  end(): void {
    if (this.closed) return;
    this.closed = true;
    this.#ended.resolve({ code: 0 });
    this.#listener?.closed();
  }

  /** Whether it has been told that its actor runs. */
  get isUp(): boolean {
    return this.#isUp && this.#listener !== undefined;
  }

  /** Does one hostile thing. */
  act(): void {
    const chance = this.#chance;
    switch (chance.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return this.#answer();
      case 5:
      case 6:
      case 7:
      case 8:
      case 9:
        return this.#ask();
      case 10:
        return this.#say({
          ...this.#route(),
          kind: "grant",
          ...this.#lease(),
          holderIsolate: this.#anyone(),
          number: this.#number(),
        });
      case 11:
        return this.#say({ ...this.#route(), kind: "release", ...this.#lease() });
      case 12:
        return this.#say({
          ...this.#route(),
          kind: "taken",
          id: this.#number(),
          kept: chance.oneIn(2),
          body: this.#packet(),
        });
      case 13:
        return this.#say({ ...this.#route(), kind: "cancel", id: this.#number() });
      case 14:
        if (chance.oneIn(2)) {
          return this.#say({ ...this.#route(), kind: "credit", slot: this.#number(), count: this.#number() });
        }
        return this.#say({
          ...this.#route(),
          kind: "down",
          isolate: chance.oneIn(40) ? this.id : `${this.id}.${chance.below(9)}`,
          exit: this.#exit(),
        });
      default:
        if (!chance.oneIn(20)) return this.#ask();
        return this.#bytes(chance.damage(encodeFrame({ ...this.#route(), kind: "cancel", id: 1 }).bytes));
    }
  }

  #answer(): void {
    const chance = this.#chance;
    const asked = this.#asked.splice(chance.below(this.#asked.length), 1)[0];
    if (asked === undefined) return this.#ask();
    const route = { to: asked.from, from: this.id };
    if (chance.oneIn(6)) {
      return this.#say({ ...route, kind: "item", id: asked.id, tag: this.#number(), body: this.#packet() });
    }
    const outcome = chance.one(OUTCOMES);
    // Some are answered with what belongs there.
    const body = asked.verb === "exit" || asked.verb === "exited" || asked.verb === "look" || asked.verb === "stop"
      ? plainPacket(encode(this.#exit(), "exit"))
      : this.#packet();
    const exit = chance.oneIn(2) ? this.#exit() : undefined;
    this.#say({ ...route, kind: "reply", id: asked.id, outcome, body, exit } as Reply);
  }

  #ask(): void {
    const chance = this.#chance;
    const target = addressOf(chance.one(this.#told).target);
    const detail = chance.one([
      "",
      "0 0",
      "1 -1",
      "-1",
      "add",
      "ping",
      "sfoo",
      "NaN",
      "9007199254740993 1",
      "x".repeat(99),
      "\n\x1b[31m",
    ]);
    this.#say({
      to: target.isolate,
      from: chance.oneIn(4) ? `${this.id}.${chance.below(5)}` : this.id,
      kind: "send",
      slot: chance.oneIn(20) ? this.#number() : target.slot,
      incarnation: chance.oneIn(20) ? this.#number() : target.incarnation,
      secret: chance.oneIn(20) ? "0".repeat(32) : target.secret,
      holder: chance.oneIn(2) ? MAIN_SLOT : this.#number(),
      id: chance.oneIn(4) ? 0 : ++this.#lastId,
      verb: chance.one(VERBS),
      detail,
      body: this.#packet(),
    });
  }

  #packet(): Packet {
    const chance = this.#chance;
    const body = plainPacket(this.#values.body());
    if (!chance.oneIn(4)) return body;
    const bytes = chance.oneIn(2) ? body.bytes : new Uint8Array([0x92, 0xd4, 10, 0, 0xd4, 10, 1]);
    return { ...body, bytes, passages: Array.from({ length: 1 + chance.below(3) }, () => this.#passage()) };
  }

  #passage(): Passage {
    const chance = this.#chance;
    const told = chance.one(this.#told);
    const own = {
      isolate: this.#anyone(),
      slot: chance.below(9),
      incarnation: chance.below(2),
      secret: "ab".repeat(16),
    };
    return {
      kind: chance.oneIn(2) ? told.kind : chance.one(KINDS),
      target: chance.oneIn(2) ? addressOf(told.target) : own,
      also: chance.oneIn(3) ? own : undefined,
      meta: chance.oneIn(2)
        ? told.meta
        : chance.one<unknown>([null, [], [1, "two", {}], { name: 7 }, "\n", -1, ["int32", 1e9]]),
      parts: 0,
      number: chance.oneIn(3) ? this.#number() : 0,
    };
  }

  #lease(): { slot: number; secret: string; lease: string; holder: number } {
    const { kind, target } = this.#chance.one(this.#told);
    const { slot, secret } = addressOf(target);
    return { slot, secret, lease: this.#chance.oneIn(3) ? this.#chance.one(KINDS) : kind, holder: this.#number() };
  }

  #exit(): never {
    const chance = this.#chance;
    let error: unknown;
    if (!chance.oneIn(3)) error = new Raw(this.#values.error());
    const exit: Record<string, unknown> = {
      code: chance.one<unknown>([0, 1, -9, 1.5, NaN, 2 ** 40]),
      reason: chance.one(REASONS),
      ...(error === undefined
        ? {}
        : { error: chance.one<unknown>([poisoned(), "text\n\x1b[2J", { toString: 1 }, null]) }),
      ...(chance.oneIn(3) ? { signal: chance.one(["SIGKILL", "\n", "x".repeat(999)]) } : {}),
    };
    return exit as never;
  }

  #anyone(): IsolateId {
    return this.#chance.one([
      this.id,
      `${this.id}.1`,
      `${this.id}!7`,
      isolate.id,
      `${isolate.id}.9`,
      "nowhere",
      `${isolate.id}!999`,
    ]);
  }

  #number(): number {
    return this.#chance.one([
      0,
      1,
      BOOT_SLOT,
      this.#chance.below(100),
      this.#chance.below(2 ** 31),
      Number.MAX_SAFE_INTEGER,
    ]);
  }

  #route(): { to: IsolateId; from: IsolateId } {
    return { to: isolate.id, from: this.#chance.oneIn(6) ? `${this.id}.${this.#chance.below(4)}` : this.id };
  }

  #say(envelope: Envelope): void {
    let frame: Frame;
    try {
      frame = encodeFrame(envelope);
    } catch {
      // It is not always able to write what it has made up.
      return;
    }
    this.#bytes(frame.bytes);
  }

  #bytes(bytes: Uint8Array): void {
    if (!this.closed) this.#listener?.frame({ bytes, moved: [] });
  }
}

class Raw {
  constructor(readonly bytes: readonly number[]) {}
}

function poisoned(): Error {
  return Object.assign(new Error("innocent"), { name: { toString: 1, valueOf: 1 } });
}

const NOTHING = plainPacket(new Uint8Array(0));
