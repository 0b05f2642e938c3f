/**
 * The first code of a thread, before that of its actor.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { tell } from "../../channels/kernel/ask.ts";
import { EMPTY_PACKET } from "../../channels/kernel/packet.ts";
import type { Port } from "../../channels/link/port_link.ts";
import { linkToStarter, showLife } from "../../channels/link/thread_link.ts";
import { forgetInterrupt, hearStopWord } from "../../channels/sync/stop_word.ts";
import { mainActor } from "../context.ts";
import { ExitRequest } from "../exited.ts";
import { Boot } from "./boot.ts";
import { leave } from "./leave.ts";
import { setLocation } from "./location.ts";
import type { ThreadConfig, ThreadData } from "./thread_config.ts";
import { tellLoaded } from "./thread_loading.ts";

const { config: given, loading } = workerData as ThreadData;
const { config, memory, beside, stopWord, location } = given ?? await assignment();
const link = linkToStarter(parentPort as unknown as Port, memory, beside);

// What a script may expect of a worker, and a thread of node:worker_threads lacks.
const scope = globalThis as unknown as { self: unknown; close: () => void };
scope.self ??= globalThis;
setLocation(location);
scope.close = () => leave(0);
const exit = Deno.exit;
Object.defineProperty(Deno, "exit", {
  value(code: number = Deno.exitCode): never {
    exit(code);
    // In a thread it returns while a module is being imported.
    throw new ExitRequest(code);
  },
});

const boot = new Boot(config, link, leave);
const actor = mainActor();
hearStopWord(stopWord, {
  heard(reason) {
    if (reason === "interrupt") actor.interrupt();
    else {
      void actor.stop(Infinity);
      actor.askToStop();
    }
    return actor.signal.reason;
  },
  watch: (home, wait) => tell(config.keeper, actor.holder, "watch", `${wait} ${home}`, EMPTY_PACKET),
});
actor.signal.addEventListener("abort", forgetInterrupt, { once: true });

/** Resolves when the actor's module may be imported. */
export const ready: Promise<void> = showLife(config.id).then(() => link.hail());

/** Imports the actor's modules and starts what they define. */
export function serve(importing: readonly (() => Promise<unknown>)[]): void {
  const loaded = () => tellLoaded(loading);
  void boot.serve(importing).then(loaded, loaded);
}

/** A spare thread says that it waits, and is told what it is when it is needed. */
function assignment(): Promise<ThreadConfig> {
  tellLoaded(loading);
  return new Promise((resolve) => {
    parentPort!.once("message", resolve);
    parentPort!.postMessage("spare");
  });
}
