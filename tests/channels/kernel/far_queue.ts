import { type Address, makeSecret } from "../../../channels/kernel/address.ts";
import "../../../channels/kernel/dispatch.ts";
import type { Envelope } from "../../../channels/kernel/envelope.ts";
import { decodeFrame, encodeFrame } from "../../../channels/kernel/frame.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";
import type { Frame, LinkListener } from "../../../channels/kernel/link.ts";
import { packPlain } from "../../../channels/kernel/pack.ts";
import { EMPTY_PACKET } from "../../../channels/kernel/packet.ts";

interface Item {
  readonly number: number;
  readonly value: unknown;
}

/**
 * The home of a queue in another isolate, played by the test: every frame between it and this isolate moves only when the
 * test says so.
 */
export class FarQueue {
  readonly address: Address;
  /** What it has, in order. */
  readonly items: Item[] = [];
  readonly #id = isolate.nextChildId("thread");
  readonly #takers: number[] = [];
  readonly #offered = new Map<number, Item>();
  readonly #up: Frame[] = [];
  readonly #down: Frame[] = [];
  #listener!: LinkListener;
  #lastNumber = 0;

  constructor() {
    this.address = { isolate: this.#id, slot: 5, incarnation: 1, secret: makeSecret() };
    isolate.addChild(this.#id, {
      start: (listener) => void (this.#listener = listener),
      send: (frame) => void this.#up.push(frame),
      flush: () => Promise.resolve(),
      close: () => {},
    }, () => {});
  }

  /** How many frames are under way. */
  get underWay(): number {
    return this.#up.length + this.#down.length;
  }

  /** Whether everything is settled there. */
  get quiet(): boolean {
    return this.underWay === 0 && this.#offered.size === 0 && this.#takers.length === 0;
  }

  put(value: unknown): void {
    this.items.push({ number: ++this.#lastNumber, value });
    this.#match();
  }

  /** One frame arrives there, if one is under way. */
  hear(): void {
    const frame = this.#up.shift();
    if (frame !== undefined) this.#handle(decodeFrame(frame));
  }

  /** One frame arrives here, if one is under way. */
  speak(): void {
    const frame = this.#down.shift();
    if (frame !== undefined) this.#listener.frame(frame);
  }

  /** The isolate is gone. */
  end(): void {
    isolate.down(this.#id, { code: -9, signal: "SIGKILL", reason: "killed" });
  }

  #handle(envelope: Envelope): void {
    switch (envelope.kind) {
      case "send":
        if (envelope.verb === "get" || this.items.length > 0) this.#takers.push(envelope.id);
        else this.#reply(envelope.id, "value");
        return this.#match();
      case "cancel": {
        const at = this.#takers.indexOf(envelope.id);
        if (at < 0) return;
        this.#takers.splice(at, 1);
        return this.#reply(envelope.id, "cancelled");
      }
      case "taken": {
        const item = this.#offered.get(envelope.id)!;
        this.#offered.delete(envelope.id);
        if (envelope.kept) return;
        const at = this.items.findIndex(({ number }) => number > item.number);
        this.items.splice(at < 0 ? this.items.length : at, 0, item);
        return this.#match();
      }
      default:
        throw new Error(`A queue was sent a ${envelope.kind}`);
    }
  }

  #match(): void {
    while (this.#takers.length > 0 && this.items.length > 0) {
      const id = this.#takers.shift()!;
      const item = this.items.shift()!;
      this.#offered.set(id, item);
      this.#send({ kind: "item", ...this.#route(id), tag: item.number, body: packPlain(item.value) });
    }
  }

  #reply(id: number, outcome: "value" | "cancelled"): void {
    this.#send({ kind: "reply", ...this.#route(id), outcome, body: EMPTY_PACKET });
  }

  #route(id: number): { to: string; from: string; id: number } {
    return { to: isolate.id, from: this.#id, id };
  }

  #send(envelope: Envelope): void {
    this.#down.push(encodeFrame(envelope));
  }
}
