import type { BootConfig } from "./placement.ts";

/** What a thread is given at its start. */
export interface ThreadConfig {
  readonly config: BootConfig;
  /** Where it sees that it is to stop, while it is blocked. */
  readonly stopWord: SharedArrayBuffer;
}
