import type { Link } from "../../channels/kernel/link.ts";
import { lifeIsOver } from "../../channels/link/thread_life.ts";
import { linkToThread, reclaimMemory, shareMemory } from "../../channels/link/thread_link.ts";
import { loseWait, makeStopWord, raiseStopWord } from "../../channels/sync/stop_word.ts";
import { type EndSignal, KILLED } from "../keeper.ts";
import { processLocation } from "./location.ts";
import type { BootConfig, Seat, SeatEnd } from "./placement.ts";
import { RawThread } from "./raw_thread.ts";
import { spareThreads } from "./spare_threads.ts";
import type { ThreadConfig } from "./thread_config.ts";

// Never called. It puts the module into the program's module graph, and so into Deno's cache.
void (() => import("./boot_thread.ts"));

/** Starts a thread that will import the module in `config`. */
export function openThread(config: BootConfig): Seat {
  const memory = shareMemory(config.id);
  const stopWord = makeStopWord();
  const { port1, port2 } = new MessageChannel();
  const own: ThreadConfig = { config, memory, beside: port2, stopWord, location: processLocation() };
  const up = Promise.withResolvers<Link>();
  const spare = spareThreads.take(config.imports);
  const launch = () => {
    try {
      return new RawThread(config.imports, config.name, own);
    } catch (error) {
      for (const port of [port1, port2]) port.close();
      if (memory !== undefined) reclaimMemory(config.id);
      throw error;
    }
  };
  const raw = spare ?? launch();
  raw.worker.ref();
  const link = linkToThread(raw.worker, memory, port1);
  spare?.assign(own);
  let killedBy: EndSignal | undefined;
  const ended = raw.ended.then(async (end): Promise<SeatEnd> => {
    await lifeIsOver(config.id);
    link.drain();
    if (memory !== undefined) reclaimMemory(config.id);
    return killedBy ? KILLED[killedBy] : end;
  });
  void link.heard.then(() => {
    raw.worker.unref();
    up.resolve(link);
  });
  void ended.then(({ code, error }) =>
    up.reject(error ?? new Error(`The thread ended with code ${code} before it was ready`))
  );
  return {
    link: up.promise,
    ended,
    started: () => spareThreads.replace(config.imports),
    unblock: (reason) => raiseStopWord(stopWord, reason),
    loseWait: (wait) => loseWait(stopWord, wait),
    kill(signal) {
      killedBy ??= signal;
      link.doom();
      raw.terminate();
    },
  };
}
