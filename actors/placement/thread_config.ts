import type { RingMemory } from "../../channels/link/ring_link.ts";
import type { BootConfig } from "./placement.ts";

/** What a thread is given at its start. */
export interface ThreadConfig {
  readonly config: BootConfig;
  /** What it shares with whoever started it. */
  readonly memory: RingMemory | undefined;
  /** Where it sees that it is to stop, while it is blocked. */
  readonly stopWord: SharedArrayBuffer;
  /** Where it says that its modules are loaded. */
  readonly loading: SharedArrayBuffer;
}
