import { singleton } from "../channels/kernel/singleton.ts";
import { mainActor } from "./context.ts";
import { endWith } from "./program.ts";

/** The signals that stop the tree in order, and what the program ends with then: 128 and the signal's number. */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type EndingSignal = keyof typeof CODES;
/** Windows knows no SIGTERM. */
const SIGNALS = (Object.keys(CODES) as EndingSignal[])
  .filter((signal) => signal !== "SIGTERM" || Deno.build.os !== "windows");
/** How long children may take to stop after a signal. */
const SIGNAL_GRACE_MS = 5000;

interface State {
  /** How many processes and supervisors want signals to stop the tree. */
  wanted: number;
  /** The listeners; kept here, since another copy of the library may have to remove them. */
  listeners: ReadonlyMap<EndingSignal, () => void> | undefined;
  /** The code that the program ends with, once a signal has come. */
  code: number | undefined;
  /** Settles when no child is left, if anybody waits for that. */
  alone: Promise<void> | undefined;
}

const state: State = singleton("program-signals", () => ({
  wanted: 0,
  listeners: undefined,
  code: undefined,
  alone: undefined,
}));

/**
 * From now until the result is disposed of, Ctrl-C (SIGINT), SIGTERM and SIGHUP stop the whole tree in order, and the
 * program ends with 130, 143 or 129. A second signal ends it at once.
 */
export function handleSignals(): Disposable {
  if (!mainActor().isProgram) return { [Symbol.dispose]() {} };
  state.wanted++;
  if (state.listeners === undefined) listen();
  let disposed = false;
  return {
    [Symbol.dispose]() {
      if (disposed) return;
      disposed = true;
      if (--state.wanted === 0) state.alone ??= stopListening().finally(() => state.alone = undefined);
    },
  };
}

function listen(): void {
  state.listeners = new Map(SIGNALS.map((signal) => [signal, () => came(signal)]));
  for (const [signal, listener] of state.listeners) Deno.addSignalListener(signal, listener);
}

/** As long as there is anybody to stop, daemons included, a signal goes on to mean what it did. */
async function stopListening(): Promise<void> {
  const { children } = mainActor();
  while (children.size > 0) await Promise.all([...children].map((child) => child.exited));
  if (state.wanted > 0 || state.code !== undefined) return;
  for (const [signal, listener] of state.listeners!) Deno.removeSignalListener(signal, listener);
  state.listeners = undefined;
}

function came(signal: EndingSignal): void {
  // The second time it is meant.
  if (state.code !== undefined) Deno.exit(state.code);
  state.code = CODES[signal];
  endWith(state.code, SIGNAL_GRACE_MS);
}
