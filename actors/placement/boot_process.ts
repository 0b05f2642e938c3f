/**
 * The first code of a subprocess, before that of its actor.
 *
 * @module
 */

import { OWN_PROCESS, SocketLink } from "../../channels/link/socket_link.ts";
import { Boot } from "./boot.ts";
import type { ProcessConfig } from "./process_config.ts";
import { watchdogUrl } from "./watchdog.ts";

const config = readConfig();
const socket = config.meeting.transport === "unix"
  ? await Deno.connect({ transport: "unix", path: config.meeting.path })
  : await Deno.connect({ hostname: "127.0.0.1", port: config.meeting.port });
const token = new TextEncoder().encode(config.token);
for (let at = 0; at < token.length;) at += await socket.write(token.subarray(at));

startWatchdog();
hideStdin();
// Deno's own returns, and ends the process a little later.
(globalThis as unknown as { close: () => void }).close = () => Deno.exit(0);
for (const permission of config.revoke) Deno.permissions.revokeSync(permission);

/** How long the parent may take to hang up. */
const FAREWELL_MS = 1000;
// A process that ends with something unread breaks the connection, and the parent may lose what it had not read either:
// so the parent, once it has heard the exit, hangs up first, which ends this process at once.
const farewell = () => new Promise<void>((resolve) => setTimeout(resolve, FAREWELL_MS));
const boot = new Boot(config, new SocketLink(socket, OWN_PROCESS), (code) => Deno.exit(code), farewell);

/** Resolves when the actor's module may be imported: here, at once. */
export const ready: Promise<void> = Promise.resolve();

/** Imports the actor's module and starts what it defines. */
export function serve(importModule: () => Promise<unknown>): void {
  boot.serve(importModule);
}

/** The first line of standard input; what follows it is for the watchdog, and is nothing but an end. */
function readConfig(): ProcessConfig {
  const chunks: Uint8Array[] = [];
  const chunk = new Uint8Array(4096);
  while (chunks.at(-1)?.at(-1) !== 0x0a) {
    const read = Deno.stdin.readSync(chunk);
    if (read === null) Deno.exit(1);
    chunks.push(chunk.slice(0, read));
  }
  return JSON.parse(chunks.map((part) => new TextDecoder().decode(part)).join("")) as ProcessConfig;
}

function startWatchdog(): void {
  const worker = new Worker(watchdogUrl(), { type: "module", name: "watchdog" });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    console.error(`The watchdog failed: ${event.message}`);
    Deno.exit(1);
  });
}

/** To the actor, standard input is at its end, as it is for the children of Python's multiprocessing. */
function hideStdin(): void {
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (controller) => controller.close() });
  const ended = {
    read: () => Promise.resolve(null),
    readSync: () => null,
    isTerminal: () => false,
    close: () => {},
    readable,
  };
  Object.defineProperty(Deno, "stdin", { value: Object.freeze(ended) });
}
