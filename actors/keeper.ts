import type { Exit } from "../channels/exit.ts";
import type { Request } from "../channels/kernel/request.ts";
import type { IsolateId } from "../channels/kernel/address.ts";
import { type Cell, isCell } from "../channels/kernel/cell.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import { bodyOf } from "../channels/kernel/relay.ts";
import { type Deadline, wheel } from "../channels/kernel/wheel.ts";
import { answerLater } from "./answer_later.ts";
import { graceOf } from "./grace.ts";

/** A signal that ends an actor without asking it. */
export type EndSignal = "SIGKILL" | "SIGTERM";

/** The request by which an actor, or its place, is asked in which isolate the actor lives now. */
export const HOME = "home";

/** What `kill` and `terminate` leave behind. */
export const KILLED: Readonly<Record<EndSignal, Exit>> = {
  SIGKILL: { code: -9, signal: "SIGKILL", reason: "killed" },
  SIGTERM: { code: -15, signal: "SIGTERM", reason: "killed" },
};

/**
 * The one that answers for an actor: it knows whether the actor lives, how it ended, and how to end it, also when the
 * actor itself no longer turns its event loop. It lives where the actor was started.
 */
export interface Keeper {
  readonly name: string;
  /** Whether the program may end without it. */
  readonly daemon: boolean;
  readonly exit: Exit | undefined;
  /** Never rejects. */
  readonly exited: Promise<Exit>;
  /** Asks it to end; kills it when the grace is over. Resolves with how it ended. */
  stop(graceMs: number): Promise<Exit>;
  /** Ends it at once. Resolves with how it ended. */
  kill(signal: EndSignal): Promise<Exit>;
  /** Ends it at once, because its parent has ended. */
  orphan(): void;
  /** Aborts its `current().signal`, nothing more. */
  interrupt(): void;
  /** Answers with what its task returned; with what it threw, or how else it ended, as the error. */
  result(request: Request): void;
}

/** Of several graces the one that is over first counts. */
const ends = new WeakMap<Keeper, Deadline>();

/** Kills it when its grace is over, unless it has ended by then. */
export function killAfter(keeper: Keeper, graceMs: number): void {
  if (graceMs === Infinity) return;
  const known = ends.get(keeper);
  if (known !== undefined && known.dueMs <= performance.now() + graceMs) return;
  known?.cancel();
  const deadline = wheel.after(graceMs, () => void keeper.kill("SIGKILL"));
  ends.set(keeper, deadline);
  if (known === undefined) void keeper.exited.then(() => ends.get(keeper)!.cancel());
}

/** Whether a message of this verb is for a mailbox. */
export function isMail(verb: string): boolean {
  return verb === "call" || verb === "cast" || verb === "message";
}

/** The isolate in which an actor lives, which may be found by its place; undefined while it does not live. */
export function homeOf(actor: Cell): IsolateId | undefined {
  const { direct } = actor;
  if (direct === undefined) return undefined;
  return isCell(direct) ? isolate.id : direct.isolate;
}

/** Does what a request from elsewhere wants of a keeper, if it is that kind of request. */
export function control(keeper: Keeper & Cell, request: Request): boolean {
  switch (request.verb) {
    case "exited":
      answerExit(request, keeper.exited);
      return true;
    case "look":
      request.reply(keeper.exit);
      return true;
    case "result":
      if (request.asker !== undefined) keeper.result(request);
      return true;
    case "stop":
      answerExit(
        request,
        keeper.stop(graceOf("stop", { graceMs: bodyOf(request, keeper) as number })),
      );
      return true;
    case "kill":
    case "terminate":
      answerExit(request, keeper.kill(request.verb === "kill" ? "SIGKILL" : "SIGTERM"));
      return true;
    case "interrupt":
      keeper.interrupt();
      request.reply();
      return true;
  }
  return false;
}

/** Answers with an exit, or with the reason why there is none: a keeper elsewhere may have answered with anything. */
function answerExit(request: Request, exited: Promise<Exit>): void {
  answerLater(request, exited, (exit) => request.reply(exit));
}
