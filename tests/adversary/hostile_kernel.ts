/** The messages of a hostile kernel: every kind of envelope, with anything in any of its fields. */
import { BOOT_SLOT, type IsolateId, MAIN_SLOT } from "../../channels/kernel/address.ts";
import { addressOf } from "../../channels/kernel/cell.ts";
import type { Envelope, Outcome, Reply, Send } from "../../channels/kernel/envelope.ts";
import { encodeFrame } from "../../channels/kernel/frame.ts";
import type { Passage } from "../../channels/kernel/handle.ts";
import { type Packet, plainPacket } from "../../channels/kernel/packet.ts";
import type { Exit } from "../../channels/exit.ts";
import type { Chance } from "../chance.ts";
import { EXIT_AT, forged, withField } from "./forged.ts";
import type { HostileBytes } from "./hostile_bytes.ts";

/** Every verb that a cell may understand, and some that none does. */
const VERBS: readonly string[] = ("abort acquire acquireSync add await call cancelSync cast chunk clear close " +
  "compareExchange delete discard done down entries exit exited extend get has hasRoom hold increment indexOf insert " +
  "inspect interrupt isSet item join keys kill leave look message more notify object over ping poll pop present probe produce " +
  "push put read recv reject release remove report reset result reverse room run runWith send set setDefault settle " +
  "size slice sort start stats stop swap take terminate tryAcquire tryGet tryPoll tryPut tryRecv unlink up update " +
  "value values wait waiting watch write createMemory attachMemory register lookup name unregister deadLetters described " +
  "toString __proto__ \n").split(" ");
/** Kinds of handles and leases. */
const KINDS: readonly string[] =
  ("stream signal ref process voucher place-control queue-loan producer queue supervisor " +
    "pool-line pool joinable-queue shared-array shared-struct shared-value barrier lock rlock condition event-flag " +
    "semaphore bounded-semaphore shared-changes shared-dict shared-namespace shared-list shared-set instance connection " +
    "remote-connection named named-right named-home manager shared-memory shareable-list __proto__ nothing").split(" ");
/** The metas of handles: sound for some kinds, and with a value of another type in one of their places. */
const METAS: readonly unknown[] = [
  null,
  [],
  [1, "two", {}],
  { name: 7 },
  "\n",
  -1,
  ["int32", 1e9],
  ["int32", [[1]]],
  [[["name"]], "process"],
  ["name", "process", ["dict", "name", {}]],
  [{ x: "int32" }, "1"],
  [true, [[]]],
];
const OUTCOMES: readonly Outcome[] = ["value", "thrown", "cancelled", "lost"];
/** In its place another one is written. */
const EXIT: Exit = { code: 0, reason: "normal" };

/** Where a hostile kernel is. */
export interface Side {
  /** Its own name on its link. */
  readonly me: IsolateId;
  /** The program's name there. */
  readonly home: IsolateId;
  /** Isolates that it may name: some that exist, and some that do not. */
  readonly anyone: readonly IsolateId[];
  /** Once in so many times what it says is no envelope at all, which costs its link. */
  readonly brokenOnceIn: number;
}

/** A kernel that lies. */
export class HostileKernel {
  readonly #side: Side;
  readonly #chance: Chance;
  readonly #values: HostileBytes;
  readonly #told: Passage[] = [];
  readonly #asked: Send[] = [];
  #lastId = 0;

  constructor(side: Side, chance: Chance, values: HostileBytes) {
    this.#side = side;
    this.#chance = chance;
    this.#values = values;
  }

  /** It has a handle. */
  told(...passages: Passage[]): void {
    this.#told.push(...passages);
    if (this.#told.length > 100) this.#told.splice(20, 50);
  }

  /** It is asked something. */
  asked(question: Send): void {
    this.#asked.push(question);
    if (this.#asked.length > 50) this.#asked.shift();
  }

  /** The bytes of one hostile thing. */
  next(): Uint8Array {
    const envelope = this.#envelope();
    const chance = this.#chance;
    try {
      if (!chance.oneIn(this.#side.brokenOnceIn)) return this.#bytesOf(envelope);
      return chance.oneIn(3) ? chance.damage(encodeFrame(envelope).bytes) : forged(envelope, chance, this.#values);
    } catch {
      // It is not always able to write what it has made up.
      return this.next();
    }
  }

  #bytesOf(envelope: Envelope): Uint8Array {
    if (!("exit" in envelope) || envelope.exit === undefined) return encodeFrame(envelope).bytes;
    return withField(envelope, EXIT_AT[envelope.kind], this.#values.exit());
  }

  #envelope(): Envelope {
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
        return {
          ...this.#route(),
          kind: "grant",
          ...this.#lease(),
          holderIsolate: this.#anyone(),
          number: this.#number(),
        };
      case 11:
        return { ...this.#route(), kind: "release", ...this.#lease() };
      case 12:
        return {
          ...this.#route(),
          kind: "taken",
          id: this.#number(),
          kept: chance.oneIn(2),
          body: this.#packet(),
        };
      case 13:
        return { ...this.#route(), kind: "cancel", id: this.#number() };
      case 14:
        if (chance.oneIn(2)) {
          return { ...this.#route(), kind: "credit", slot: this.#number(), count: this.#number() };
        }
        return {
          ...this.#route(),
          kind: "down",
          isolate: chance.oneIn(40) ? this.#side.me : `${this.#side.me}.${chance.below(9)}`,
          exit: EXIT,
        };
      default:
        return this.#ask();
    }
  }

  #answer(): Envelope {
    const chance = this.#chance;
    const asked = this.#asked.splice(chance.below(this.#asked.length), 1)[0];
    if (asked === undefined) return this.#ask();
    const route = { to: asked.from, from: this.#side.me };
    if (chance.oneIn(6)) {
      return { ...route, kind: "item", id: asked.id, tag: this.#number(), body: this.#packet() };
    }
    const outcome = chance.one(OUTCOMES);
    // Some are answered with what belongs there.
    const body = asked.verb === "exit" || asked.verb === "exited" || asked.verb === "look" || asked.verb === "stop"
      ? plainPacket(new Uint8Array(this.#values.exit()))
      : this.#packet();
    const exit = chance.oneIn(2) ? EXIT : undefined;
    return { ...route, kind: "reply", id: asked.id, outcome, body, exit } as Reply;
  }

  #ask(): Envelope {
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
    return {
      to: target.isolate,
      from: chance.oneIn(4) ? `${this.#side.me}.${chance.below(5)}` : this.#side.me,
      kind: "send",
      slot: chance.oneIn(20) ? this.#number() : target.slot,
      incarnation: chance.oneIn(20) ? this.#number() : target.incarnation,
      secret: chance.oneIn(20) ? "0".repeat(32) : target.secret,
      holder: chance.oneIn(2) ? MAIN_SLOT : this.#number(),
      id: chance.oneIn(4) ? 0 : ++this.#lastId,
      verb: chance.one(VERBS),
      detail,
      body: this.#packet(),
    };
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
      meta: chance.oneIn(2) ? told.meta : chance.one(METAS),
      parts: 0,
      number: chance.oneIn(3) ? this.#number() : 0,
    };
  }

  #lease(): { slot: number; secret: string; lease: string; holder: number } {
    const { kind, target } = this.#chance.one(this.#told);
    const { slot, secret } = addressOf(target);
    return { slot, secret, lease: this.#chance.oneIn(3) ? this.#chance.one(KINDS) : kind, holder: this.#number() };
  }

  #anyone(): IsolateId {
    return this.#chance.one(this.#side.anyone);
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
    return {
      to: this.#side.home,
      from: this.#chance.oneIn(6) ? `${this.#side.me}.${this.#chance.below(4)}` : this.#side.me,
    };
  }
}
