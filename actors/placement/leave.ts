import { mainActor } from "../context.ts";
import { logFailed } from "../life_log.ts";

/** As Deno has it: in a thread the boot code replaces it. */
const exit = Deno.exit;

/**
 * Ends this isolate as a program ends that has nothing left to do: with the events `exit` of `process` and `unload`. What
 * a listener throws is told, and keeps nothing alive.
 */
export function leave(code: number): void {
  try {
    // The global, not an import: of all that a subprocess would load at its start it takes the longest.
    (globalThis as unknown as { process: { exit(code: number): never } }).process.exit(code);
  } catch (error) {
    logFailed(`${mainActor().title}: a listener to the event "exit" failed`, error);
    exit(code);
  }
}
