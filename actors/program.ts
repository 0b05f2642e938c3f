import { StartError, TroupeError } from "../channels/errors.ts";
import { MAIN_SLOT } from "../channels/kernel/address.ts";
import "../channels/kernel/dispatch.ts";
import { keepAlive } from "../channels/kernel/keep_alive.ts";
import { isA, isAbortError } from "../channels/kernel/look.ts";
import { show } from "../channels/kernel/show.ts";
import { singleton } from "../channels/kernel/singleton.ts";
import { Actor } from "./actor.ts";
import { mainActor, provideMainActor } from "./context.ts";
import { ExitRequest } from "./exited.ts";

/** How long daemons may take to stop at the program's end. */
const DAEMON_GRACE_MS = 1000;
/** How long children may take to stop after Ctrl-C. */
const INTERRUPT_GRACE_MS = 5000;
/** What a program ends with that Ctrl-C stopped: 128 and the signal's number. */
const INTERRUPTED_CODE = 130;

interface Program {
  watched: boolean;
  /** Its orderly end, while that is under way. */
  ending: Promise<void> | undefined;
  /** Whether it was told to end: by Ctrl-C, or by its own `exit`. */
  over: boolean;
  /** Whether Ctrl-C was pressed. */
  interrupted: boolean;
  /** How many processes want Ctrl-C to stop the tree. */
  interruptible: number;
  listening: boolean;
  /** Settles when no child is left, if anybody waits for that. */
  alone: Promise<void> | undefined;
}

const program: Program = singleton("program", () => ({
  watched: false,
  ending: undefined,
  over: false,
  interrupted: false,
  interruptible: 0,
  listening: false,
  alone: undefined,
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
  const main = new Main({ name: "main", path: [], placement: "inline", parent: undefined, daemon: false }, MAIN_SLOT);
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

/** From now until the result is disposed of, Ctrl-C stops the whole tree in order, and the program ends with 130. */
export function handleInterrupt(): Disposable {
  if (!mainActor().isProgram) return { [Symbol.dispose]() {} };
  program.interruptible++;
  if (!program.listening) Deno.addSignalListener("SIGINT", interrupt);
  program.listening = true;
  let disposed = false;
  return {
    [Symbol.dispose]() {
      if (disposed) return;
      disposed = true;
      if (--program.interruptible === 0) program.alone ??= stopListening().finally(() => program.alone = undefined);
    },
  };
}

/** As long as there is anybody to stop, daemons included, Ctrl-C goes on to mean what it did. */
async function stopListening(): Promise<void> {
  const { children } = mainActor();
  while (children.size > 0) await Promise.all([...children].map((child) => child.exited));
  if (program.interruptible > 0 || program.interrupted) return;
  Deno.removeSignalListener("SIGINT", interrupt);
  program.listening = false;
}

function interrupt(): void {
  // The second time the user means it.
  if (program.interrupted) Deno.exit(INTERRUPTED_CODE);
  program.interrupted = true;
  endWith(INTERRUPTED_CODE, INTERRUPT_GRACE_MS);
}

/** Ends the program in order, whatever its own code is waiting for. The first code counts. */
function endWith(code: number, graceMs: number): void {
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
  console.error(`Uncaught while the program was ending: ${show(error)}`);
}

/** @throws {StartError} If the program is ending: nobody would stop what is started now. */
export function assertNotOver(action: string): void {
  if (program.over) throw new StartError(`Cannot ${action}: the program is ending`);
}
