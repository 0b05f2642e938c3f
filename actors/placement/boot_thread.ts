/**
 * The first code of a thread, before that of its actor.
 *
 * @module
 */

import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import type { Port } from "../../channels/link/port_link.ts";
import { linkToStarter } from "../../channels/link/thread_link.ts";
import { ExitRequest } from "../exited.ts";
import { Boot } from "./boot.ts";
import type { ThreadConfig } from "./thread_config.ts";
import { holdLife } from "./thread_lock.ts";

const { config, memory } = workerData as ThreadConfig;
const link = linkToStarter(parentPort as unknown as Port, memory);

// What a script may expect of a worker, and a thread of node:worker_threads lacks.
const scope = globalThis as unknown as { self: unknown; close: () => void };
scope.self ??= globalThis;
scope.close = () => process.exit(0);
const leave = Deno.exit;
Object.defineProperty(Deno, "exit", {
  value(code: number = Deno.exitCode): never {
    leave(code);
    // In a thread it returns while a module is being imported.
    throw new ExitRequest(code);
  },
});

const boot = new Boot(config, link, (code) => process.exit(code));

/** Resolves when the actor's module may be imported. */
export const ready: Promise<void> = holdLife(config).then(() => link.hail());

/** Imports the actor's module and starts what it defines. */
export function serve(importModule: () => Promise<unknown>): void {
  boot.serve(importModule);
}
