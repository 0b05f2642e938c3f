import type { RingMemory } from "../../channels/link/ring_link.ts";
import type { BootConfig } from "./placement.ts";

/** What a thread is given at its start. */
export interface ThreadConfig {
  readonly config: BootConfig;
  /** What it shares with whoever started it. */
  readonly memory: RingMemory | undefined;
}
