import { MAIN_SLOT } from "../channels/kernel/address.ts";
import "../channels/kernel/dispatch.ts";
import { keepAlive } from "../channels/kernel/keep_alive.ts";
import { singleton } from "../channels/kernel/singleton.ts";
import { Actor } from "./actor.ts";
import { hasMainActor, mainActor, setMainActor } from "./context.ts";

/** How long daemons may take to stop at the program's end. */
const DAEMON_GRACE_MS = 1000;
/** How long children may take to stop after Ctrl-C. */
const INTERRUPT_GRACE_MS = 5000;
/** What a program ends with that Ctrl-C stopped: 128 and the signal's number. */
const INTERRUPTED_CODE = 130;

const program: { watched: boolean; ending: boolean; interruptible: number } = singleton("program", () => ({
  watched: false,
  ending: false,
  interruptible: 0,
}));

// A child isolate has its main actor from its first moment; an isolate without one is the program itself.
if (!hasMainActor()) {
  const main = new Actor({ name: "main", path: [], placement: "inline", parent: undefined, daemon: false }, MAIN_SLOT);
  main.run();
  setMainActor(main);
}

/** Sees to the program's end, in the program itself, from the first time there is anything to see to. */
export function watchProgram(): void {
  if (program.watched || !mainActor().isProgram) return;
  program.watched = true;
  // Sent when nothing keeps the program alive any more; preventing it gives the event loop another turn.
  globalThis.addEventListener("beforeunload", (event) => {
    if (program.ending) return event.preventDefault();
    const main = mainActor();
    if (main.children.size === 0 && main.exitHooks.size === 0) return;
    event.preventDefault();
    void endProgram(DAEMON_GRACE_MS);
  });
  globalThis.addEventListener("unload", () => mainActor().exitHooks.runSync());
}

/** Stops the program's children and runs what was given to `onExit`. */
async function endProgram(graceMs: number): Promise<void> {
  if (program.ending) return;
  program.ending = true;
  keepAlive.hold(true);
  const main = mainActor();
  await main.endChildren(graceMs);
  await main.exitHooks.run();
  keepAlive.release(true);
  program.ending = false;
}

/** From now until the result is disposed of, Ctrl-C stops the whole tree in order, and the program ends with 130. */
export function handleInterrupt(): Disposable {
  if (!mainActor().isProgram) return { [Symbol.dispose]() {} };
  if (program.interruptible++ === 0) Deno.addSignalListener("SIGINT", interrupt);
  let disposed = false;
  return {
    [Symbol.dispose]() {
      if (disposed || program.ending) return;
      disposed = true;
      if (--program.interruptible === 0) Deno.removeSignalListener("SIGINT", interrupt);
    },
  };
}

/** The second time the user means it. */
function interrupt(): void {
  if (program.ending) Deno.exit(INTERRUPTED_CODE);
  void endProgram(INTERRUPT_GRACE_MS).then(() => Deno.exit(INTERRUPTED_CODE));
}
