import type { Holder } from "../channels/kernel/holder.ts";
import type { PlacementName } from "./contact.ts";
import type { RegisteredName } from "./definition.ts";
import type { MailboxOptions } from "./inbox.ts";

/** An actor that is about to be started, its options checked. */
export interface StartPlan {
  readonly registration: RegisteredName;
  /** The modules that its isolate imports first; that of the registration when left out. */
  readonly imports?: readonly string[] | undefined;
  readonly name: string;
  readonly path: readonly number[];
  readonly placement: PlacementName;
  readonly daemon: boolean;
  readonly mailbox: MailboxOptions;
  readonly concurrency: number;
  readonly startTimeoutMs: number;
  /** How long its event loop may take to answer; `Infinity` is any time. */
  readonly livenessMs: number;
  readonly signal: AbortSignal | undefined;
  /** Who starts it. */
  readonly holder: Holder;
}
