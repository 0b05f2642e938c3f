import { StartError } from "../../channels/errors.ts";
import type { IsolateOptions } from "../isolate_options.ts";
import { LoadedLater } from "../loaded_later.ts";
import type { Placement } from "./placement.ts";

/**
 * Worker threads of this program.
 *
 * They are those of `node:worker_threads`, and each holds a Web Lock: on Deno that is the one kind of thread whose
 * `terminate()` really stops a busy loop, and the lock is free only when the thread is gone.
 */
export const thread: Placement = {
  boundary: () => "thread",

  check(action: string, options: IsolateOptions): void {
    for (const name of ["permissions", "env", "maxHeapMb", "denoArgs", "quota"] as const) {
      if (options[name] === undefined) continue;
      throw new StartError(`Cannot ${action}: ${name} can be enforced only with placement "process", not "thread"`);
    }
  },

  open: new LoadedLater(async () => (await import("./thread_seat.ts")).openThread),
};
