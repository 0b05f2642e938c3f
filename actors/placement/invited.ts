/**
 * What a subprocess does before all else: it reads its invitation, and has its watchdog. The other modules are evaluated
 * while that gets ready.
 *
 * @module
 */

import { INVITATION, type Invitation } from "./process_config.ts";
import { watchdogUrl } from "./watchdog.ts";

/** How it reaches its parent, for this process alone: neither the actor's code nor what that starts is to find it. */
export const invitation: Invitation = JSON.parse(Deno.env.get(INVITATION)!) as Invitation;
Deno.env.delete(INVITATION);

const watchdog = new Worker(watchdogUrl(invitation), { type: "module", name: "watchdog" });
watchdog.addEventListener("error", (event) => {
  event.preventDefault();
  console.error(`The watchdog failed: ${event.message}`);
  Deno.exit(1);
});

/** Resolves when the watchdog has its socket, for which it needs permissions that this process may give up. */
export const watched: Promise<void> = new Promise((resolve) => {
  watchdog.addEventListener("message", () => resolve(), { once: true });
});
