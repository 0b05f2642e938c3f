/** A subprocess that never ran: a link on which the test says what a hostile kernel might. */
import type { IsolateId } from "../../channels/kernel/address.ts";
import type { Envelope } from "../../channels/kernel/envelope.ts";
import { decodeFrame, encodeFrame } from "../../channels/kernel/frame.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import type { Frame, Link, LinkListener } from "../../channels/kernel/link.ts";
import { EMPTY_PACKET } from "../../channels/kernel/packet.ts";
import type { BootConfig, Seat, SeatEnd } from "../../actors/placement/placement.ts";
import { process } from "../../actors/placement/process.ts";
import type { Chance } from "../chance.ts";
import type { HostileBytes } from "./hostile_bytes.ts";
import { HostileKernel } from "./hostile_kernel.ts";

/** Has subprocesses started by the test instead of the system, until it is disposed of. */
export class HostileChildren implements Disposable {
  readonly all: HostileChild[] = [];
  readonly #open = process.open.loaded;

  constructor(chance: Chance, values: HostileBytes) {
    process.open.loaded = (config: BootConfig): Seat => {
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
    process.open.loaded = this.#open;
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
  readonly #kernel: HostileKernel;
  readonly #ended = Promise.withResolvers<SeatEnd>();
  #listener: LinkListener | undefined;
  #isUp = false;

  constructor(config: BootConfig, chance: Chance, values: HostileBytes) {
    const { id, parent, keeper, root } = config;
    const home = isolate.id;
    const anyone = [id, `${id}.1`, `${id}!7`, home, `${home}.9`, "nowhere", `${home}!999`];
    this.id = id;
    this.#chance = chance;
    this.#kernel = new HostileKernel({ me: id, home, anyone, brokenOnceIn: 300 }, chance, values);
    for (const target of [parent.actor, parent.keeper, keeper, root]) {
      this.#kernel.told({ kind: "ref", target, meta: ["told", "process", null] });
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
    if ("body" in envelope) this.#kernel.told(...envelope.body.passages);
    if (envelope.kind !== "send" || envelope.id === 0) return;
    // Mostly it starts, so that there is something to attack.
    if (envelope.verb === "start" && !this.#chance.oneIn(8)) {
      this.#isUp = true;
      const { from: to, id } = envelope;
      const started: Envelope = { kind: "reply", to, from: this.id, id, outcome: "value", body: EMPTY_PACKET };
      queueMicrotask(() => this.#say(encodeFrame(started).bytes));
    } else this.#kernel.asked(envelope);
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
    this.#say(this.#kernel.next());
  }

  #say(bytes: Uint8Array): void {
    if (!this.closed) this.#listener?.frame({ bytes, moved: [] });
  }
}
