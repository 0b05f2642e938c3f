import { SHARE_ENV, type Transferable, Worker } from "node:worker_threads";
import { stubUrl } from "./stub.ts";
import type { ThreadConfig, ThreadData } from "./thread_config.ts";
import { makeLoading, tellLoading, whenLoaded } from "./thread_loading.ts";

/** A thread that has been launched. It may have yet to be told what it is. */
export class RawThread {
  readonly worker: Worker;
  /** Its code, and what it failed with, when it has ended. */
  readonly ended: Promise<{ readonly code: number; readonly error: unknown }>;
  readonly #loading = makeLoading();

  /**
   * @param imports the modules that it is to import, once it knows what it is
   * @param config what it is; to be told by `assign` when left out
   */
  constructor(imports: readonly string[], name: string, config?: ThreadConfig) {
    // What a module of the user's most likely imports. No import statement: this must not depend on it.
    const preload = config === undefined ? import.meta.resolve("../../mod.ts") : undefined;
    this.worker = new Worker(new URL(stubUrl(import.meta.resolve("./boot_thread.ts"), imports, preload)), {
      workerData: { config, loading: this.#loading } satisfies ThreadData,
      transferList: config && transferOf(config),
      name,
      // Without it Deno would copy the environment, and on a terminal ask the user to allow that.
      env: SHARE_ENV,
    });
    let failure: unknown;
    this.worker.on("error", (error: unknown) => failure ??= error);
    this.ended = new Promise((resolve) => {
      this.worker.on("exit", (code: number) => resolve({ code: code & 0xff, error: failure }));
    });
  }

  /** Tells one that waits for it what it is. */
  assign(config: ThreadConfig): void {
    tellLoading(this.#loading);
    this.worker.postMessage(config, transferOf(config));
  }

  /** Ends it, busy or not. */
  terminate(): void {
    this.worker.ref();
    whenLoaded(this.#loading, () => void this.worker.terminate());
  }
}

function transferOf({ beside }: ThreadConfig): Transferable[] {
  return [beside as unknown as Transferable];
}
