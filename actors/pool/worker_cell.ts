import { tell } from "../../channels/kernel/ask.ts";
import { Cell } from "../../channels/kernel/cell.ts";
import { Deque } from "../../channels/kernel/deque.ts";
import { type Destination, releaseAll } from "../../channels/kernel/handle.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { destinationOf, pack, packThrown, unpack } from "../../channels/kernel/pack.ts";
import type { Packet } from "../../channels/kernel/packet.ts";
import type { Request } from "../../channels/kernel/request.ts";
import type { Actor } from "../actor.ts";
import { endBridged } from "../bridge.ts";
import { runAs } from "../context.ts";
import type { TaskFunction } from "../definition.ts";
import { ExitRequest } from "../exited.ts";
import { isThenable } from "../message_loop.ts";
import { SPREAD, STOPS } from "./chunk.ts";
import type { Line } from "./line.ts";
import { AHEAD_MS, PROVEN } from "./pace.ts";
import { asItArrives, packReports } from "./report.ts";
import { Turn } from "./turn.ts";

/** For so long at most nothing is heard between two items: they may have been called off. */
const DEAF_MS = 10;

/**
 * Where a worker is given its chunks, which it does one after another.
 *
 * What became of one has left before the next is begun, and of the items of a chunk before more are begun than the pool
 * was told: so that the pool knows, should the worker die, what may have been begun and what has not.
 */
export class WorkerCell extends Cell {
  readonly #actor: Actor;
  readonly #station: Line;
  readonly #home: Destination;
  readonly #find: (moduleUrl: string, name: string) => Promise<TaskFunction>;
  readonly #tasks = new Map<string, TaskFunction>();
  readonly #turns = new Deque<Turn>();
  #present: Turn | undefined;
  #over = false;
  #idle: (() => void)[] = [];
  #heardAt = performance.now();

  constructor(actor: Actor, station: Line, find: (moduleUrl: string, name: string) => Promise<TaskFunction>) {
    super();
    this.#actor = actor;
    this.#station = station;
    this.#home = destinationOf(station.target);
    this.#find = find;
  }

  receive(request: Request): void {
    const { verb, detail, body } = request;
    if (this.#over) return releaseAll(body.passages, this.#actor.holder);
    if (verb === "abort") return this.#abort(Number(detail));
    const turn = new Turn(this.#actor, verb === "run", detail, body);
    if (this.#present !== undefined) return this.#turns.push(turn);
    this.#present = turn;
    // Not at once: in the pool's own isolate this is still the call that gave it.
    queueMicrotask(() => void this.#work(turn));
  }

  /** Resolves when all that it was given is done. */
  async idle(): Promise<void> {
    if (this.#present !== undefined) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #abort(sequence: number): void {
    if (this.#present?.sequence === sequence) this.#present.abort();
    for (const turn of this.#turns) if (turn.sequence === sequence) turn.abort();
  }

  async #work(turn: Turn | undefined): Promise<void> {
    this.#heardAt = performance.now();
    while (turn !== undefined && this.#actor.exit === undefined) {
      this.#present = turn;
      await this.#do(turn);
      await this.#breathe();
      turn = this.#turns.shift();
    }
    this.#present = undefined;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #do(turn: Turn): Promise<void> {
    let task = this.#tasks.get(turn.task);
    if (task === undefined) {
      try {
        task = await this.#find(turn.moduleUrl, turn.name);
      } catch (error) {
        // The pool gives all that is here to others.
        this.#over = true;
        for (const { body } of [turn, ...this.#turns.clear()]) releaseAll(body.passages, this.#actor.holder);
        return this.#tell("unknown", `${turn.sequence}`, packThrown(error, this.#home));
      }
      this.#tasks.set(turn.task, task);
    }
    const run = task;
    const bridged: object[] = [];
    await runAs(
      this.#actor,
      turn,
      () => turn.single ? this.#call(turn, run, bridged) : this.#each(turn, run, bridged),
      turn,
    );
    for (const face of bridged) endBridged(face);
  }

  async #call(turn: Turn, task: TaskFunction, bridged: object[]): Promise<void> {
    const began = performance.now();
    let verb = "value";
    let body: Packet;
    try {
      if (turn.aborted) throw turn.signal.reason;
      const args = unpack(turn.body, this.#actor.holder, (face) => bridged.push(face)) as unknown[];
      const result = task(...args);
      body = pack(isThenable(result) ? await result : result, "result", this.#home);
    } catch (error) {
      if (error instanceof ExitRequest) return;
      verb = "thrown";
      body = packThrown(error, this.#home);
    }
    this.#tell(verb, `${turn.sequence} ${performance.now() - began}`, body);
  }

  async #each(turn: Turn, task: TaskFunction, bridged: object[]): Promise<void> {
    const { mode, count } = turn;
    let { at, hand } = turn;
    let over = false;
    let items: unknown[];
    try {
      items = unpack(turn.body, this.#actor.holder, (face) => bridged.push(face)) as unknown[];
    } catch (error) {
      const failure = asItArrives(error);
      const values = Array.from({ length: count - at }, () => failure);
      return this.#report(turn, values, [...values.keys()], true, 1, 0);
    }
    while (!over) {
      const values: unknown[] = [];
      const thrown: number[] = [];
      const began = performance.now();
      const end = Math.min(items.length, at + hand);
      while (at < end && !over) {
        if (turn.aborted) {
          over = true;
          break;
        }
        try {
          const item = items[at];
          const result = mode & SPREAD ? task(...item as unknown[]) : task(item);
          values.push(isThenable(result) ? await result : result);
        } catch (error) {
          if (error instanceof ExitRequest) return;
          // It heeds its signal: that is no failure of its own.
          if (turn.isReason(error)) {
            over = true;
            break;
          }
          thrown.push(values.length);
          values.push(asItArrives(error));
          over = (mode & STOPS) !== 0;
        }
        at++;
      }
      over ||= at >= items.length;
      const ms = performance.now() - began;
      if (ms > AHEAD_MS) hand = Math.max(1, Math.floor(hand * AHEAD_MS / ms));
      else if (at - turn.at >= PROVEN && ms < AHEAD_MS / 4) hand *= 4;
      this.#report(turn, values, thrown, over, hand, ms);
      if (!over) await this.#breathe();
    }
  }

  #report(turn: Turn, values: unknown[], thrown: number[], over: boolean, hand: number, ms: number): void {
    const reports = packReports(values, thrown, over, this.#home);
    for (const { count, failed, over, body } of reports) {
      const numbers = [turn.sequence, count, failed, over ? 1 : 0, hand, ms * count / Math.max(1, values.length)];
      this.#tell("report", numbers.join(" "), body);
    }
  }

  #tell(verb: string, detail: string, body: Packet): void {
    tell(this.#station.target, this.#actor.holder, verb, detail, body);
  }

  /** What was said has left before anything more is begun; now and then what came in meanwhile is heard. */
  async #breathe(): Promise<void> {
    await isolate.flush();
    if (performance.now() - this.#heardAt < DEAF_MS) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#heardAt = performance.now();
  }
}
