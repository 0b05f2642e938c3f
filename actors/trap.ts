import { isA } from "../channels/kernel/look.ts";
import { currentActor } from "./context.ts";
import { ExitRequest } from "./exited.ts";

let trapped = false;

/**
 * What nobody catches ends the actor that it happened in, with the whole error told, and never anything else. A
 * rejection is known to be an actor's by its asynchronous context; an error in a timer belongs to the main actor.
 */
export function trapErrors(): void {
  if (trapped) return;
  trapped = true;
  globalThis.addEventListener("error", (event) => {
    // Only its way out of the running code: whose it is has been told, and it is nobody's error.
    if (isA(event.error, ExitRequest)) return event.preventDefault();
    if (currentActor().isProgram) return;
    event.preventDefault();
    currentActor().crash(event.error ?? new Error(event.message), { method: "a callback", kind: "rejection" });
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    if (isA(event.reason, ExitRequest)) return event.preventDefault();
    if (currentActor().isProgram) return;
    event.preventDefault();
    currentActor().crash(event.reason, { method: "a promise", kind: "rejection" });
  });
}
