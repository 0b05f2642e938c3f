import type { Target } from "../channels/kernel/cell.ts";
import type { PlacementName } from "./contact.ts";
import type { MailboxOptions } from "./inbox.ts";

/** What an actor is before it runs. */
export interface ActorPlan {
  readonly name: string;
  /** Its place among the processes of the program: `[1, 2]` is the second child of the first. */
  readonly path: readonly number[];
  readonly placement: PlacementName;
  /** Who answers for it, if that is not the actor itself. */
  readonly keeper?: Target | undefined;
  readonly daemon: boolean;
  readonly mailbox?: MailboxOptions | undefined;
  readonly concurrency?: number | undefined;
}
