import type { Address, Boundary, IsolateId } from "../../channels/kernel/address.ts";
import type { StopReason } from "../../channels/sync/stop_word.ts";
import type { Link } from "../../channels/kernel/link.ts";
import type { LogLevel } from "../../channels/kernel/log.ts";
import type { PlacementName } from "../contact.ts";
import type { MailboxOptions } from "../inbox.ts";
import type { IsolateOptions } from "../isolate_options.ts";
import type { LoadedLater } from "../loaded_later.ts";
import type { EndSignal } from "../keeper.ts";
import type { Run } from "./run_flags.ts";

/** An actor as it is described to an isolate that does not know it yet. Plain data. */
export interface ContactData {
  readonly name: string;
  readonly placement: PlacementName;
  readonly actor: Address;
  readonly keeper: Address;
  /** Where it lives, as people read it. */
  readonly shownAddress: string;
}

/** All that a new isolate is told before anything else. Plain data that JSON can hold. */
export interface BootConfig {
  readonly id: IsolateId;
  /** The secret of the cell that starts the actor. */
  readonly bootSecret: string;
  /** The secret of the actor itself. */
  readonly actorSecret: string;
  readonly moduleUrl: string;
  /** What is imported before the definition is looked for. */
  readonly imports: readonly string[];
  readonly definition: string;
  readonly name: string;
  readonly path: readonly number[];
  readonly placement: PlacementName;
  readonly daemon: boolean;
  readonly mailbox: MailboxOptions;
  readonly concurrency: number;
  readonly parent: ContactData;
  /** Where the program's own isolate is asked for what there is one of in a program. */
  readonly root: Address;
  readonly keeper: Address;
  readonly logLevel: LogLevel;
  /** How the program was run. */
  readonly run: Run;
}

/** How an isolate ended, as its platform tells it. */
export interface SeatEnd {
  readonly code: number;
  readonly signal?: string | undefined;
  readonly outOfMemory?: boolean | undefined;
  /** What the platform said about an error. */
  readonly error?: unknown;
}

/** An isolate that was started: the way to it, its end, and the means to end it. */
export interface Seat {
  /** The operating system's number of a subprocess. */
  readonly pid?: number | undefined;
  /** The flags of the program that it may lack, in words: without them its modules may fail to load. */
  readonly lacks?: string | undefined;
  /** The link to it, once it has called; rejects when it ends before that. */
  readonly link: Promise<Link>;
  /** When nothing of it is left, and everything that it sent has been received. Never rejects. */
  readonly ended: Promise<SeatEnd>;
  /** Its actor runs, or will not: what would have been in the way of that can be done. */
  started?(): void;
  /** Lets it know, should it be blocked and hear no message. */
  unblock?(reason: StopReason): void;
  /** Lets it know that nobody is left who could end that wait of its. */
  loseWait?(wait: number): void;
  /** Ends it, busy or not. */
  kill(signal: EndSignal): void;
}

/** A way to start isolates. */
export interface Placement {
  /** What kind of isolate it starts; a subprocess with fewer permissions than this program is a sandbox. */
  boundary(options: IsolateOptions): Boundary;
  /** @throws {StartError} If an option is given that this placement cannot enforce, or may not. */
  check(action: string, options: IsolateOptions): void;
  /** Starts an isolate that will import the module in `config`. Most children start none, and do not load it. */
  readonly open: LoadedLater<(config: BootConfig, options: IsolateOptions) => Seat>;
}
