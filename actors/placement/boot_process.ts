/**
 * The first code of a subprocess, before that of its actor.
 *
 * @module
 */

import { Siblings } from "../../channels/link/siblings.ts";
import { OWN_PROCESS, SocketLink } from "../../channels/link/socket_link.ts";
import { mainActor } from "../context.ts";
import { Boot } from "./boot.ts";
import { meetingPlace } from "./meeting_place.ts";
import type { Meeting, ProcessConfig } from "./process_config.ts";
import { removeFolder, watchdogUrl } from "./watchdog.ts";

/** How long the watchdog may take to see that the parent is gone. */
const WATCHDOG_MS = 1000;

/** What the parent leaves behind if it dies now. Told apart from all else, since it may die before it tells the rest. */
const [folder] = Deno.args as (string | undefined)[];
const config = readConfig();
// First of all, as the parent may be gone already. It keeps the permissions that this process gives up.
startWatchdog();
// Before anybody can have heard of this process.
if (config.family !== undefined) Siblings.join(config.family, config.id);
const socket = await callParent(config.meeting);
const token = new TextEncoder().encode(config.token);
for (let at = 0; at < token.length;) at += await socket.write(token.subarray(at));

hide("stdin", endedStdin());
hide("args", []);
// Deno's own returns, and ends the process a little later.
(globalThis as unknown as { close: () => void }).close = () => Deno.exit(0);
for (const permission of config.revoke) Deno.permissions.revokeSync(permission);

/** How long the parent may take to hang up. */
const FAREWELL_MS = 1000;
// A process that ends with something unread breaks the connection, and the parent may lose what it had not read either:
// so the parent, once it has heard the exit, hangs up first, which ends this process at once.
const farewell = () => new Promise<void>((resolve) => setTimeout(resolve, FAREWELL_MS));
meetingPlace.appointed = config.appointed;
const boot = new Boot(config, new SocketLink(socket, OWN_PROCESS), exit, farewell);

/** Resolves when the actor's module may be imported: here, at once. */
export const ready: Promise<void> = Promise.resolve();

/** Imports the actor's modules and starts what they define. */
export function serve(importing: readonly (() => Promise<unknown>)[]): void {
  void boot.serve(importing);
}

function exit(code: number): never {
  const { family, id } = config;
  if (family !== undefined) {
    // The parent is gone, and what it would have removed the watchdog may have no time for.
    if (mainActor().exit === undefined) removeFolder(family.folder);
    else Siblings.leave(family, id);
  }
  Deno.exit(code);
}

/** The first line of standard input; what follows it is for the watchdog, and is nothing but an end. */
function readConfig(): ProcessConfig {
  const chunks: Uint8Array[] = [];
  const chunk = new Uint8Array(4096);
  while (chunks.at(-1)?.at(-1) !== 0x0a) {
    const read = Deno.stdin.readSync(chunk);
    if (read === null) {
      if (folder !== undefined) removeFolder(folder);
      Deno.exit(1);
    }
    chunks.push(chunk.slice(0, read));
  }
  return JSON.parse(chunks.map((part) => new TextDecoder().decode(part)).join("")) as ProcessConfig;
}

async function callParent(meeting: Meeting): Promise<Deno.Conn> {
  try {
    return meeting.transport === "unix"
      ? await Deno.connect({ transport: "unix", path: meeting.path })
      : await Deno.connect({ hostname: "127.0.0.1", port: meeting.port });
  } catch (error) {
    // Mostly for want of a parent, and then the watchdog will end this.
    await new Promise((resolve) => setTimeout(resolve, WATCHDOG_MS));
    throw error;
  }
}

function startWatchdog(): void {
  const worker = new Worker(watchdogUrl(folder), { type: "module", name: "watchdog" });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    console.error(`The watchdog failed: ${event.message}`);
    Deno.exit(1);
  });
}

/** To the actor, standard input is at its end, as it is for the children of Python's multiprocessing. */
function endedStdin(): unknown {
  return {
    read: () => Promise.resolve(null),
    readSync: () => null,
    isTerminal: () => false,
    close: () => {},
    readable: new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (controller) => controller.close() }),
  };
}

function hide(name: "stdin" | "args", instead: unknown): void {
  Object.defineProperty(Deno, name, { value: Object.freeze(instead) });
}
