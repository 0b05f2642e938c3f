import type { Exit } from "../exit.ts";
import type { Address, IsolateId } from "./address.ts";
import type { Settler, Waiter } from "./awaited.ts";
import type { Cell } from "./cell.ts";
import type { Holder } from "./holder.ts";
import type { Packet } from "./packet.ts";
import type { Asker, Request } from "./request.ts";
import type { Patience } from "./wait.ts";

/** Has messages to one cell leave in order, and no more of them than may be under way. */
export interface Gate {
  /** Whether a message of so many bytes leaves now, and is counted. */
  enter(bytes: number): boolean;
  /** Else: calls `send` when it is the message's turn. Returns what withdraws it until then. */
  queue(bytes: number, send: () => void): () => void;
}

/** What to ask of a cell, on whose behalf, and what to make of each way it can end. */
export interface Question {
  readonly holder: Holder;
  readonly verb: string;
  readonly detail?: string;
  /** Packed for the target. */
  readonly body?: Packet;
  readonly wait?: Patience;
  /**
   * Whether the question gives something away. If so, giving up waits for the home's word, since what the home had
   * accepted by then must not be reported as not given; else giving up is immediate, and what comes late is returned.
   */
  readonly gives?: boolean;
  /**
   * Which items the question takes. What comes for one that gave up is for the next that takes the same from the same
   * cell for the same holder, so that giving up changes no order.
   */
  readonly takes?: string;
  /** Whether the program may end while this is pending: nobody is waiting, we only want to know. */
  readonly quiet?: boolean;
  /** What the question must pass to leave for another isolate. */
  readonly gate?: Gate | undefined;
  /** Those who wait for the answer, each by what goes on with it, where that is not whoever asked. */
  readonly waiters?: (() => readonly Waiter[]) | undefined;
  /** The error when the target is gone. */
  lost(exit: Exit | undefined): Error;
  /** The error when time has run out. */
  late?(timeoutMs: number): Error;
  /** Whether an item that has come is still wanted; asked once, and a yes is a promise to take it. */
  claim?(): boolean;
  /** Told the home's number of an item, before the promise resolves with it. */
  tagged?(tag: number, value: unknown): void;
  /** An item that came cannot be read. It is a dead letter, and the question is asked again. */
  unreadable?(tag: number): void;
}

/** Who waits for the answer to something that was asked of another isolate. */
export interface Unanswered extends Asker {
  /** Who gets the answer, and what is in it. */
  readonly holder: Holder;
  /** Who was asked, and alone may answer. */
  readonly to: IsolateId;
  /** Whom it asks there. */
  readonly slot: number;
  /** Whether somebody waits for the answer. */
  readonly awaited: boolean;
}

/** A question that somebody waits for the answer to. */
export interface OpenQuestion {
  readonly question: Question;
  /** Whom it asks elsewhere. */
  readonly target: Address | undefined;
  /** The cell that it asks, and the request there, if that lives here. */
  readonly cell: Cell | undefined;
  readonly request: Request | undefined;
  readonly awaited: boolean;
  /** What settles the promise of the answer. */
  readonly result: Settler;
  /** Since how many milliseconds it is asked. */
  readonly ageMs: number;
  /** A number that no other question of this isolate has. */
  number(): number;
}
