import { tell } from "../../channels/kernel/ask.ts";
import { Cell, isCell } from "../../channels/kernel/cell.ts";
import { Deque } from "../../channels/kernel/deque.ts";
import { eventLoop } from "../../channels/kernel/event_loop.ts";
import { type Destination, releaseAll } from "../../channels/kernel/handle.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { isA, isThenable } from "../../channels/kernel/look.ts";
import { destinationOf, packResult, packThrown, unpack } from "../../channels/kernel/pack.ts";
import { EMPTY_PACKET, type Packet } from "../../channels/kernel/packet.ts";
import { expected, isList } from "../../channels/kernel/shape.ts";
import type { Request } from "../../channels/kernel/request.ts";
import type { Actor } from "../actor.ts";
import { endBridged } from "../bridge.ts";
import { asItArrives, ExitRequest } from "../exited.ts";
import { Claims, following } from "../../channels/claims.ts";
import type { Line } from "./line.ts";
import { AHEAD_MS } from "./pace.ts";
import { type Outcomes, Round } from "./round.ts";
import { GIVEN_BACK, packReports } from "./report.ts";
import { type KnownTask, type TaskFinder, TaskList } from "./task_list.ts";
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
  readonly #tasks: TaskList;
  readonly #claims: Claims | undefined;
  readonly #turns = new Deque<Turn>();
  /** The last piece that it has begun. */
  #begun = 0;
  /** Whether the pool can know that it has begun something. */
  #hasShown: boolean;
  /** What it is doing; set also between two turns, while it lets the first one's outcome leave. */
  #present: Turn | undefined;
  #over = false;
  #idle: (() => void)[] = [];
  /** When the event loop last turned between two items. */
  #heardAt = performance.now();

  constructor(actor: Actor, station: Line, find: TaskFinder) {
    super();
    this.#actor = actor;
    this.#station = station;
    this.#home = destinationOf(station.target);
    this.#tasks = new TaskList(find);
    this.#claims = station.claims && new Claims(station.claims);
    this.#hasShown = this.#claims !== undefined;
  }

  override takesCast(): boolean {
    return true;
  }

  receive(request: Request): void {
    const { verb, detail, body } = request;
    if (this.#over) return releaseAll(body.passages, this.#actor.holder);
    if (verb === "task") return this.#tasks.add(detail);
    if (verb === "abort") return void eventLoop.settle().then(() => this.#abort(Number(detail)));
    if (verb === "recall") return this.#giveBack();
    this.#turns.push(new Turn(this.#actor, verb === "run", detail, body));
    if (this.#present !== undefined) return;
    // In the pool's own isolate this is still the call that gave it.
    if (isCell(this.#station.target)) queueMicrotask(() => this.#goOn());
    else this.#goOn();
  }

  /** Resolves when all that it was given is done. */
  async idle(): Promise<void> {
    if (this.#turns.size > 0 || this.#present !== undefined) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  #abort(sequence: number): void {
    if (this.#present?.sequence === sequence) this.#present.abort();
    for (const turn of this.#turns) if (turn.sequence === sequence) turn.abort();
  }

  /** What has not begun is for others. */
  #giveBack(): void {
    if (this.#present !== undefined) this.#present.recalled = true;
    for (const { body } of this.#turns.clear()) releaseAll(body.passages, this.#actor.holder);
    this.#tell("returned", String(this.#begun), EMPTY_PACKET);
  }

  /** Does what is there, as far as nothing has to be waited for. */
  #goOn(): void {
    if (this.#present !== undefined) return;
    while (this.#turns.size > 0 && !this.#over && this.#actor.exit === undefined) {
      const turn = this.#turns.shift()!;
      if (!this.#begin(turn.sequence)) {
        releaseAll(turn.body.passages, this.#actor.holder);
        continue;
      }
      this.#present = turn;
      const wait = this.#do(turn) ?? this.#breathe();
      if (wait !== undefined) return void this.#goOnAfter(wait);
      this.#present = undefined;
    }
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #goOnAfter(wait: Promise<void>): Promise<void> {
    await wait;
    await this.#breathe();
    this.#present = undefined;
    this.#goOn();
  }

  /** Does one chunk; a promise if that is not over when it returns. */
  #do(turn: Turn): Promise<void> | undefined {
    if (!this.#hasShown) return this.#show().then(() => this.#do(turn));
    const task = this.#tasks.get(turn.task);
    return task === undefined ? this.#seek(turn) : this.#run(turn, task);
  }

  /** Says that it begins the first chunk: up to then its death costs nothing that it was given. */
  async #show(): Promise<void> {
    this.#hasShown = true;
    this.#tell("begun", "", EMPTY_PACKET);
    await isolate.flush();
  }

  async #seek(turn: Turn): Promise<void> {
    let task: KnownTask;
    try {
      task = await this.#tasks.find(turn.task);
    } catch (error) {
      // The pool gives all that is here to others.
      this.#over = true;
      for (const { body } of [turn, ...this.#turns.clear()]) releaseAll(body.passages, this.#actor.holder);
      return this.#tell("unknown", `${turn.sequence}`, packThrown(error, this.#home));
    }
    return this.#run(turn, task);
  }

  #run(turn: Turn, task: KnownTask): Promise<void> | undefined {
    turn.begunAt = performance.now();
    const wait = turn.single ? this.#call(turn, task) : this.#each(turn, task);
    if (turn.bridged.length === 0) return wait;
    const end = () => {
      for (const face of turn.bridged) endBridged(face);
    };
    return wait === undefined ? end() as undefined : wait.finally(end);
  }

  /** Begins a piece, unless the pool has taken it back. */
  #begin(sequence: number): boolean {
    this.#begun = sequence;
    return this.#claims?.begin(sequence) ?? true;
  }

  /**
   * Begins another piece of a chunk, unless the pool has taken it back or, where that cannot be without a message, has
   * asked for it, or what came before it took unexpectedly long.
   */
  #beginNext({ sequence, recalled, begunAt }: Turn, piece: number): boolean {
    const isWanted = this.#claims !== undefined || (!recalled && performance.now() - begunAt < 2 * AHEAD_MS);
    return isWanted && this.#begin(following(sequence, piece));
  }

  #call(turn: Turn, task: KnownTask): Promise<void> | undefined {
    return task.within(this.#actor, turn, () => {
      try {
        if (turn.aborted) throw turn.signal.reason;
        const result = task.call(this.#unpack(turn));
        return isThenable(result) ? this.#callLater(turn, result) : this.#tellValue(turn, result);
      } catch (error) {
        return this.#tellThrown(turn, error);
      }
    });
  }

  async #callLater(turn: Turn, result: PromiseLike<unknown>): Promise<void> {
    try {
      this.#tellValue(turn, await result);
    } catch (error) {
      this.#tellThrown(turn, error);
    }
  }

  #tellValue(turn: Turn, value: unknown): undefined {
    this.#tell("value", outcomeOf(turn), packResult(value, "result", this.#home));
  }

  #tellThrown(turn: Turn, error: unknown): undefined {
    if (isA(error, ExitRequest)) this.#over = true;
    else this.#tell("thrown", outcomeOf(turn), packThrown(error, this.#home));
  }

  #each(turn: Turn, task: KnownTask): Promise<void> | undefined {
    let items: unknown[];
    try {
      items = this.#unpack(turn);
    } catch (error) {
      const failure = asItArrives(error);
      const values = Array.from({ length: turn.end - turn.at }, () => failure);
      return this.#report(turn, { values, thrown: [...values.keys()], over: true, hand: 1, ms: 0 });
    }
    return this.#goRound(new Round(turn, task, items, (piece) => this.#beginNext(turn, piece)));
  }

  #goRound(round: Round): Promise<void> | undefined {
    const { turn, task } = round;
    while (!round.over) {
      const wait = task.within(this.#actor, turn, () => {
        const result = round.take();
        return result === undefined ? this.#took(round) : this.#takeLater(round, result);
      });
      if (wait !== undefined) return wait.then(() => this.#goRound(round));
    }
    return undefined;
  }

  async #takeLater(round: Round, first: PromiseLike<unknown>): Promise<void> {
    for (let result: PromiseLike<unknown> | undefined = first; result !== undefined; result = round.goOn()) {
      await round.settle(result);
    }
    await this.#took(round);
  }

  /** Tells what became of the items that were in hand. */
  #took(round: Round): Promise<void> | undefined {
    if (round.exited) this.#over = true;
    else this.#report(round.turn, round);
    return round.over ? undefined : this.#breathe();
  }

  #report(turn: Turn, { values, thrown, over, hand, ms, back }: Outcomes): undefined {
    const reports = packReports(values, thrown, over, turn.hand, back, this.#home);
    for (const { count, failed, over, body } of reports) {
      const us = microseconds(ms * count / Math.max(1, values.length));
      const isOver = !over ? 0 : back === undefined ? 1 : GIVEN_BACK;
      this.#tell("report", `${turn.sequence} ${count} ${failed} ${isOver} ${hand} ${us}`, body);
    }
  }

  #unpack(turn: Turn): unknown[] {
    const args = unpack(turn.body, this.#actor.holder, (face) => turn.bridged.push(face));
    return expected("what a task is given", args, isList);
  }

  #tell(verb: string, detail: string, body: Packet): void {
    tell(this.#station.target, this.#actor.holder, verb, detail, body);
  }

  /** What was said leaves before anything more is begun; now and then what came in meanwhile is heard. */
  #breathe(): Promise<void> | undefined {
    const leaving = isolate.flush();
    if (performance.now() - this.#heardAt < DEAF_MS) return leaving;
    return this.#hear(leaving);
  }

  async #hear(leaving: Promise<void> | undefined): Promise<void> {
    await leaving;
    await eventLoop.turn();
    this.#heardAt = performance.now();
  }
}

/** What stands beside the outcome of a call. */
function outcomeOf({ sequence, begunAt }: Turn): string {
  return `${sequence} ${microseconds(performance.now() - begunAt)}`;
}

/** Whole ones: what is no more exact than that is read and written faster. */
function microseconds(ms: number): number {
  return Math.round(1000 * ms);
}
