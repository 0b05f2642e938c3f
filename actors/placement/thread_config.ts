import type { ThreadMemory } from "../../channels/link/thread_link.ts";
import type { BootConfig } from "./placement.ts";

/** What a thread is: given at its start, or told to a spare one. */
export interface ThreadConfig {
  readonly config: BootConfig;
  /** What it shares with other threads. */
  readonly memory: ThreadMemory | undefined;
  /** For what goes beside that memory; moved to it. */
  readonly beside: MessagePort;
  /** Where it sees that it is to stop, while it is blocked. */
  readonly stopWord: SharedArrayBuffer;
  /** That of its process. */
  readonly location: string | undefined;
}

/** What every thread is given at its start. */
export interface ThreadData {
  /** What it is; a spare one is told later. */
  readonly config: ThreadConfig | undefined;
  /** Where it says that its modules are loaded. */
  readonly loading: SharedArrayBuffer;
}
