import type { Exit } from "../../channels/exit.ts";
import { type Address, sameProcess } from "../../channels/kernel/address.ts";
import { tell } from "../../channels/kernel/ask.ts";
import { Cell, isCell } from "../../channels/kernel/cell.ts";
import { Deque } from "../../channels/kernel/deque.ts";
import { grantAll, releaseAll } from "../../channels/kernel/handle.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { destinationOf, handOver, unpack, withoutMoves } from "../../channels/kernel/pack.ts";
import { EMPTY_PACKET, type Packet } from "../../channels/kernel/packet.ts";
import { holderOf } from "../../channels/kernel/relay.ts";
import type { Request } from "../../channels/kernel/request.ts";
import { type Deadline, wheel } from "../../channels/kernel/wheel.ts";
import type { Contact } from "../contact.ts";
import type { Prepared } from "../start.ts";
import type { Chunk } from "./chunk.ts";
import { Line } from "./line.ts";

/** How long a task that is no longer wanted may take to heed its signal, before its worker is replaced. */
export const GRACE_MS = 500;
/** How long a worker that is done may take to end. */
const STOP_MS = 5000;
/** So many chunks at most are at a worker, the one that it does included. */
const MOST_CHUNKS = 32;

/** Who has stations: the pool. */
export interface StationOwner {
  readonly holder: Holder;
  /** Some items of the first chunk are done with, which took so long. */
  done(station: Station, chunk: Chunk, count: number, failed: number, ms: number): void;
  /** The worker cannot import what the first chunk needs, and does nothing more. */
  unknown(station: Station, chunk: Chunk, why: Packet): void;
  /** The worker is gone, with what it had. */
  ended(station: Station, exit: Exit): void;
}

/**
 * A pool's view of one worker: what it has been given, and what became of that. The worker does one chunk after another,
 * so that the first is the only one that it may have begun.
 */
export class Station extends Cell {
  readonly chunks: Deque<Chunk> = new Deque();
  readonly contact: Contact;
  /** How many items it was given. */
  given = 0;
  /** Whether it can be given something. */
  ready = false;
  exit: Exit | undefined;
  readonly #owner: StationOwner;
  readonly #prepared: Prepared;
  #worker: Line | undefined;
  #lastSequence = 0;
  #loadMs = 0;
  /** The end of the grace of the first chunk. */
  #deadline: Deadline | undefined;

  constructor(owner: StationOwner, prepared: Prepared) {
    super();
    this.#owner = owner;
    this.#prepared = prepared;
    this.contact = prepared.contact;
  }

  /** Starts the worker, with what it is made from beside this station. */
  async start(args: readonly unknown[]): Promise<void> {
    await this.#prepared.launch([new Line(this), ...args]);
    this.ready = true;
    void this.contact.exited.then((exit) => {
      this.ready = false;
      this.exit = exit;
      this.#deadline?.cancel();
      this.#owner.ended(this, exit);
    });
  }

  /** How many milliseconds what it was given will take. */
  get load(): number {
    return this.chunks.size < MOST_CHUNKS ? this.#loadMs : Infinity;
  }

  /** Gives it a chunk that will take so long, and of which it may take so many items in hand at once. */
  give(chunk: Chunk, hand: number, expectedMs: number): void {
    let { body } = chunk;
    const target = this.#worker!.target;
    const home = this.contact.actor;
    // Only a process knows what it cannot have by move; nothing has happened yet.
    if (body.moved.length > 0 && !isCell(home) && !sameProcess(isolate.id, home.isolate)) body = withoutMoves(body);
    chunk.sequence = ++this.#lastSequence;
    chunk.hand = hand;
    chunk.expectedMs = expectedMs;
    this.#loadMs += expectedMs;
    this.chunks.push(chunk);
    this.given += chunk.left;
    grantAll(body.passages, destinationOf(home));
    const { count, mode } = chunk.plan;
    const detail = `${chunk.sequence} ${chunk.at} ${count} ${hand} ${mode} ${chunk.task}`;
    tell(target, this.#owner.holder, chunk.single ? "run" : "chunk", detail, body);
  }

  /** Asks the worker to leave off a chunk. If nobody wants it any more, that is not asked for long. */
  abort(chunk: Chunk): void {
    const { target } = this.#worker!;
    tell(target, this.#owner.holder, "abort", String(chunk.sequence), EMPTY_PACKET);
    this.#hurry();
  }

  /** Ends the worker in order. */
  stop(): Promise<Exit> {
    return this.contact.stop(STOP_MS);
  }

  /** Ends the worker at once. */
  kill(): Promise<Exit> {
    return this.contact.end("SIGKILL");
  }

  receive(request: Request): void {
    const here = holderOf(this);
    const { actor } = this.contact;
    const sender = isCell(actor) ? isolate.id : (actor as Address).isolate;
    if (request.from.isolate !== sender || this.exit !== undefined) {
      return releaseAll(request.body.passages, here);
    }
    if (request.verb === "ready") {
      this.#worker = unpack(request.body, here) as Line;
      return;
    }
    const chunk = this.chunks.peek();
    const words = request.detail.split(" ");
    if (chunk?.sequence !== Number(words[0])) return releaseAll(request.body.passages, here);
    handOver(request.body, here, this.#owner.holder);
    switch (request.verb) {
      case "value":
      case "thrown":
        return this.#answered(chunk, request.verb, request.body, Number(words[1]));
      case "report":
        return this.#reported(chunk, request.body, words.map(Number));
      case "unknown":
        this.#leave();
        return this.#owner.unknown(this, chunk, request.body);
    }
  }

  #answered(chunk: Chunk, outcome: "value" | "thrown", body: Packet, ms: number): void {
    chunk.at = 1;
    this.#leave();
    chunk.answer(outcome, body);
    this.#owner.done(this, chunk, 1, outcome === "value" ? 0 : 1, ms);
  }

  #reported(chunk: Chunk, body: Packet, [, count, failed, over, hand, ms]: number[]): void {
    chunk.at += count;
    chunk.hand = hand;
    chunk.report(body, over === 1);
    if (chunk.over) this.#leave();
    this.#owner.done(this, chunk, count, failed, ms);
  }

  /** The worker is through with its first chunk. */
  #leave(): void {
    const chunk = this.chunks.shift()!;
    this.#loadMs = this.chunks.size === 0 ? 0 : this.#loadMs - chunk.expectedMs;
    this.#deadline?.cancel();
    this.#deadline = undefined;
    this.#hurry();
  }

  #hurry(): void {
    if (this.chunks.peek()?.cancelled) this.#deadline ??= wheel.after(GRACE_MS, () => void this.kill());
  }
}
