import { currentActor, mainActor } from "./context.ts";

type Schedule = (callback: unknown, ...rest: unknown[]) => unknown;

const TIMERS = ["setTimeout", "setInterval", "setImmediate"] as const;
let trapped = false;

/**
 * Makes what throws in a timer end the actor that set the timer, where several actors share an isolate. The runtime
 * tells of such an error only when it has forgotten whose timer it was, unlike of all other errors.
 */
export function trapTimers(): void {
  if (trapped) return;
  trapped = true;
  for (const name of TIMERS) {
    const schedule = globalThis[name] as Schedule;
    const trap = (callback: unknown, ...rest: unknown[]) => schedule(trapCallback(callback), ...rest);
    // What node:util finds the promise form by.
    for (const key of Object.getOwnPropertySymbols(schedule)) {
      Object.defineProperty(trap, key, Object.getOwnPropertyDescriptor(schedule, key)!);
    }
    Object.defineProperty(trap, "name", { value: name });
    Object.assign(globalThis, { [name]: trap });
  }
}

function trapCallback(callback: unknown): unknown {
  const actor = currentActor();
  if (typeof callback !== "function" || actor === mainActor()) return callback;
  return function (this: unknown, ...args: unknown[]): void {
    try {
      callback.apply(this, args);
    } catch (error) {
      actor.crash(error, { method: "a timer", kind: "rejection" });
    }
  };
}
