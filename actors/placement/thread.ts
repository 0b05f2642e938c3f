import { SHARE_ENV, Worker } from "node:worker_threads";
import { StartError } from "../../channels/errors.ts";
import type { Link } from "../../channels/kernel/link.ts";
import { linkToThread, shareMemory } from "../../channels/link/thread_link.ts";
import { loseWait, makeStopWord, raiseStopWord } from "../../channels/sync/stop_word.ts";
import { type EndSignal, KILLED } from "../keeper.ts";
import type { BootConfig, IsolateOptions, Placement, Seat, SeatEnd } from "./placement.ts";
import { stubUrl } from "./stub.ts";
import type { ThreadConfig } from "./thread_config.ts";
import { makeLoading, whenLoaded } from "./thread_loading.ts";
import { lifeIsOver } from "./thread_lock.ts";

/**
 * Worker threads of this program.
 *
 * They are those of `node:worker_threads`, and each holds a Web Lock: on Deno that is the one kind of thread whose
 * `terminate()` really stops a busy loop, and the lock is free only when the thread is gone.
 */
export const thread: Placement = {
  boundary: "thread",

  check(action: string, options: IsolateOptions): void {
    for (const name of ["permissions", "env", "maxHeapMb", "denoArgs"] as const) {
      if (options[name] === undefined) continue;
      throw new StartError(`Cannot ${action}: ${name} can be enforced only with placement "process", not "thread"`);
    }
  },

  open(config: BootConfig): Seat {
    const memory = shareMemory();
    const stopWord = makeStopWord();
    const loading = makeLoading();
    const worker = new Worker(new URL(stubUrl(import.meta.resolve("./boot_thread.ts"), config.imports)), {
      workerData: { config, memory, stopWord, loading } satisfies ThreadConfig,
      name: config.name,
      // Without it Deno would copy the environment, and on a terminal ask the user to allow that.
      env: SHARE_ENV,
    });
    let failure: unknown;
    let killedBy: EndSignal | undefined;
    worker.on("error", (error: unknown) => failure ??= error);
    const exited = new Promise<SeatEnd>((resolve) => {
      worker.on("exit", (code: number) => resolve(killedBy ? KILLED[killedBy] : { code: code & 0xff, error: failure }));
    });
    const link = linkToThread(worker, memory);
    const ended = exited.then(async (end) => {
      await lifeIsOver(config);
      link.drain();
      return end;
    });
    const opened = new Promise<Link>((resolve, reject) => {
      void link.heard.then(() => {
        worker.unref();
        resolve(link);
      });
      void ended.then(({ code, error }) =>
        reject(error ?? new Error(`The thread ended with code ${code} before it was ready`))
      );
    });
    return {
      link: opened,
      ended,
      unblock: (reason) => raiseStopWord(stopWord, reason),
      loseWait: (wait) => loseWait(stopWord, wait),
      kill(signal) {
        killedBy ??= signal;
        worker.ref();
        link.doom();
        whenLoaded(loading, () => void worker.terminate());
      },
    };
  },
};
