import { StartError, TroupeError } from "../channels/errors.ts";
import { MAIN_SLOT } from "../channels/kernel/address.ts";
import "../channels/kernel/dispatch.ts";
import { keepAlive } from "../channels/kernel/keep_alive.ts";
import { complain } from "../channels/kernel/log.ts";
import { isA, isAbortError } from "../channels/kernel/look.ts";
import { show } from "../channels/kernel/show.ts";
import { singleton } from "../channels/kernel/singleton.ts";
import { Actor } from "./actor.ts";
import { mainActor, provideMainActor } from "./context.ts";
import { ExitRequest } from "./exited.ts";

/** How long daemons may take to stop at the program's end. */
const DAEMON_GRACE_MS = 1000;

interface Program {
  watched: boolean;
  /** Its orderly end, while that is under way. */
  ending: Promise<void> | undefined;
  /** Whether it was told to end: by a signal, or by its own `exit`. */
  over: boolean;
}

const program: Program = singleton("program", () => ({
  watched: false,
  ending: undefined,
  over: false,
}));

/** The program itself: its end is that of everything, and its own affair. */
class Main extends Actor {
  override exitWith(code: number): never {
    endWith(code, DAEMON_GRACE_MS);
    throw new ExitRequest(code);
  }
}

// A child isolate is given its main actor before anybody acts in it; an isolate without one is the program itself.
provideMainActor(() => {
  const main = new Main({ name: "main", path: [], placement: "inline", daemon: false }, undefined, MAIN_SLOT);
  main.run();
  return main;
});

/** Sees to the program's end, in the program itself, from the first time there is anything to see to. */
export function watchProgram(): void {
  if (program.watched || !mainActor().isProgram) return;
  program.watched = true;
  // Sent when nothing keeps the program alive any more; preventing it gives the event loop another turn.
  globalThis.addEventListener("beforeunload", (event) => {
    if (program.ending !== undefined) return event.preventDefault();
    const main = mainActor();
    if (main.children.size === 0 && main.exitHooks.size === 0) return;
    event.preventDefault();
    void endProgram(DAEMON_GRACE_MS);
  });
  globalThis.addEventListener("unload", () => mainActor().exitHooks.runSync());
}

/** Whether the program is in its orderly end. */
export function isEnding(): boolean {
  return program.ending !== undefined;
}

/** Stops the program's children and runs what was given to `onExit`. */
function endProgram(graceMs: number): Promise<void> {
  return program.ending ??= endInOrder(graceMs).finally(() => program.ending = undefined);
}

async function endInOrder(graceMs: number): Promise<void> {
  keepAlive.hold(true);
  const main = mainActor();
  await main.endChildren(graceMs);
  await main.exitHooks.run();
  keepAlive.release(true);
}

/** Ends the program in order, whatever its own code is waiting for. The first code counts. */
export function endWith(code: number, graceMs: number): void {
  if (!program.over) {
    program.over = true;
    globalThis.addEventListener("error", (event) => survive(event, event.error));
    globalThis.addEventListener("unhandledrejection", (event) => survive(event, event.reason));
    mainActor().askToStop();
  }
  void endProgram(graceMs).then(() => Deno.exit(code));
}

/** The program's own code may be waiting for what is being stopped: that this fails is no news, and not its end. */
function survive(event: Event, error: unknown): void {
  event.preventDefault();
  if (isAbortError(error) || isA(error, TroupeError) || isA(error, ExitRequest)) return;
  complain(`Uncaught while the program was ending: ${show(error)}`);
}

/** @throws {StartError} If the program is ending: nobody would stop what is started now. */
export function assertNotOver(action: string): void {
  if (program.over) throw new StartError(`Cannot ${action}: the program is ending`);
}
