import { StartError } from "../../channels/errors.ts";
import type { Exit } from "../../channels/exit.ts";
import type { Address } from "../../channels/kernel/address.ts";
import { tell } from "../../channels/kernel/ask.ts";
import { Cell, isCell } from "../../channels/kernel/cell.ts";
import { grantAll } from "../../channels/kernel/handle.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { destinationOf, drop, handOver, onwardTo, unpack } from "../../channels/kernel/pack.ts";
import { EMPTY_PACKET, type Packet } from "../../channels/kernel/packet.ts";
import { holderOf } from "../../channels/kernel/relay.ts";
import type { Request } from "../../channels/kernel/request.ts";
import { type Deadline, wheel } from "../../channels/kernel/wheel.ts";
import type { Contact } from "../contact.ts";
import type { Prepared } from "../start.ts";
import type { Chunk } from "./chunk.ts";
import { Desk } from "./desk.ts";
import { Line } from "./line.ts";
import { GIVEN_BACK } from "./report.ts";
import type { TaskName } from "./task_name.ts";

/** How long a task that is no longer wanted may take to heed its signal, before its worker is replaced. */
export const GRACE_MS = 500;
/** How long a worker that is done may take to end. */
const STOP_MS = 5000;

/** Who has stations: the pool. */
export interface StationOwner {
  readonly holder: Holder;
  /** Some items of the first chunk are done with, which took so long. */
  done(station: Station, chunk: Chunk, count: number, failed: number, ms: number): void;
  /** The worker cannot import what the first chunk needs, and does nothing more. */
  unknown(station: Station, chunk: Chunk, why: Packet): void;
  /** The worker has not begun these after all, in this order. */
  returned(chunks: readonly Chunk[]): void;
  /** The worker is gone; it may have begun one of what it had, at most. */
  ended(station: Station, begun: Chunk | undefined, waiting: readonly Chunk[], exit: Exit): void;
}

/** A pool's view of one worker: gives it what it is to do, and hears what became of that. */
export class Station extends Cell {
  readonly contact: Contact;
  /** What the worker was given and is not done with. */
  readonly desk: Desk;
  /** Whether it can be given something. */
  ready = false;
  exit: Exit | undefined;
  #distrusted = false;
  readonly #owner: StationOwner;
  readonly #prepared: Prepared;
  #worker: Line | undefined;
  /** What the worker knows tasks by. */
  readonly #tasks = new Map<TaskName, number>();
  /** The last of what the worker was asked to give back, until it answers. */
  #recalling: number | undefined;
  /** The first chunk, once nobody wants it any more, and the end of its grace. */
  #hurried: Chunk | undefined;
  #deadline: Deadline | undefined;

  constructor(owner: StationOwner, prepared: Prepared) {
    super();
    this.#owner = owner;
    this.#prepared = prepared;
    this.contact = prepared.contact;
    this.desk = new Desk(this.contact.placement !== "process");
  }

  /** Starts the worker, with what it is made from beside this station. */
  async start(args: readonly unknown[]): Promise<void> {
    await this.#prepared.launch([new Line(this, this.desk.claims?.memory), ...args]);
    if (this.#worker === undefined) {
      void this.kill();
      throw new StartError(`Cannot start ${this.contact.name}: it did not say how to reach it`);
    }
    this.ready = true;
    void this.contact.exited.then((exit) => {
      this.ready = false;
      this.exit = exit;
      this.#deadline?.cancel();
      const { begun, waiting } = this.desk.end();
      this.#owner.ended(this, begun, waiting, exit);
    });
  }

  /** Gives it a chunk that will take so long, and of which it may take so many items in hand at once. */
  give(chunk: Chunk, hand: number, expectedMs: number): void {
    const home = destinationOf(this.contact.actor);
    // Only a process knows what it cannot have by move; nothing has happened yet.
    const body = onwardTo(home.isolate, chunk.body);
    this.desk.add(chunk, expectedMs);
    chunk.hand = hand;
    grantAll(body.passages, home);
    const { at, end, mode, plan: { piece } } = chunk;
    const detail = `${chunk.sequence} ${this.#numberOf(chunk.task)}`;
    if (chunk.single) this.#tell("run", detail, body);
    else this.#tell("chunk", `${detail} ${at} ${end} ${hand} ${piece} ${mode}`, body);
  }

  /** Whether something waits here behind something else, and was not asked for. */
  get isCrowded(): boolean {
    return this.desk.isCrowded && this.#recalling === undefined;
  }

  /** Sees that what waits here behind something else is given to others, as soon as it can be said what that is. */
  recall(): void {
    if (this.desk.claims !== undefined) return this.#owner.returned(this.desk.takeBack());
    if (this.#recalling !== undefined || !this.desk.isReturnable) return;
    // It hears of that between two tasks.
    this.#recalling = this.desk.last;
    this.#tell("recall", "");
  }

  /** Asks the worker to leave off a chunk. If nobody wants it any more, that is not asked for long. */
  abort(chunk: Chunk): void {
    this.#tell("abort", String(chunk.sequence));
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

  override takesCast(): boolean {
    return true;
  }

  receive(request: Request): void {
    const here = holderOf(this);
    const { actor } = this.contact;
    const sender = isCell(actor) ? isolate.id : (actor as Address).isolate;
    if (request.from.isolate !== sender || this.exit !== undefined || this.#distrusted) return drop(request.body, here);
    if (request.verb === "ready") {
      const line = unpack(request.body, here);
      // The worker may know the addresses of others; the pool sends its tasks to the worker alone.
      const isItsOwn = line instanceof Line && (isCell(line.target) ? isolate.id : line.target.isolate) === sender;
      if (isItsOwn) this.#worker = line;
      return;
    }
    if (request.verb === "begun") {
      // A worker that was given nothing has begun nothing, whatever it says.
      this.desk.begun ||= this.desk.size > 0;
      return drop(request.body, here);
    }
    const numbers = request.detail.split(" ").map(Number);
    if (request.verb === "returned") return this.#returned(numbers[0]);
    const chunk = this.desk.first;
    if (chunk?.sequence !== numbers[0] || !isSound(request.verb, numbers, chunk)) {
      // A worker in a sandbox can say anything. One that says what cannot be is not to be relied on.
      if (chunk?.sequence === numbers[0]) this.#distrust();
      return drop(request.body, here);
    }
    handOver(request.body, here, this.#owner.holder);
    this.desk.begun = true;
    switch (request.verb) {
      case "value":
      case "thrown":
        return this.#answered(chunk, request.verb, request.body, numbers[1] / 1000);
      case "report":
        return this.#reported(chunk, request.body, numbers);
      case "unknown":
        this.#leave();
        return this.#owner.unknown(this, chunk, request.body);
    }
  }

  #distrust(): void {
    this.#distrusted = true;
    this.ready = false;
    void this.kill();
  }

  #returned(begun: number): void {
    const last = this.#recalling;
    if (last === undefined) return;
    this.#recalling = undefined;
    const returned = this.desk.returned(begun, last);
    this.#hurry();
    this.#owner.returned(returned);
  }

  #answered(chunk: Chunk, outcome: "value" | "thrown", body: Packet, ms: number): void {
    chunk.at = 1;
    this.#leave();
    chunk.answer(outcome, body);
    this.#owner.done(this, chunk, 1, outcome === "value" ? 0 : 1, ms);
  }

  #reported(chunk: Chunk, body: Packet, [, count, failed, over, hand, us]: number[]): void {
    chunk.at += count;
    if (over === GIVEN_BACK && chunk.left > 0) chunk.onGiveBack?.(chunk.left);
    chunk.hand = hand;
    chunk.report(body, over > 0);
    if (chunk.over) this.#leave();
    this.#owner.done(this, chunk, count, failed, us / 1000);
  }

  /** What the worker knows a task by. */
  #numberOf(task: TaskName): number {
    let number = this.#tasks.get(task);
    if (number === undefined) {
      this.#tasks.set(task, number = this.#tasks.size);
      this.#tell("task", `${number} ${task}`);
    }
    return number;
  }

  #tell(verb: string, detail: string, body: Packet = EMPTY_PACKET): void {
    tell(this.#worker!.target, this.#owner.holder, verb, detail, body);
  }

  /** The worker is through with its first chunk. */
  #leave(): void {
    this.desk.leave();
    this.#hurry();
  }

  /** Gives what the worker does, if nobody wants it any more, some time to end. */
  #hurry(): void {
    const { first } = this.desk;
    if (this.#hurried === first && first?.cancelled) return;
    this.#deadline?.cancel();
    this.#hurried = first?.cancelled ? first : undefined;
    this.#deadline = this.#hurried && wheel.after(GRACE_MS, () => void this.kill());
  }
}

/** Whether what a worker says of its first chunk can be true. */
function isSound(verb: string, [, ...numbers]: readonly number[], chunk: Chunk): boolean {
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) return false;
  if (verb === "unknown") return true;
  if (verb !== "report") return chunk.single && numbers.length === 1;
  const [count, failed, , hand] = numbers;
  // With nothing in hand its deaths would cost no item, and have no end.
  return !chunk.single && numbers.length === 5 && count <= chunk.left && failed <= count && hand > 0;
}
