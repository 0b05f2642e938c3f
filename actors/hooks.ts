import type { Exit } from "../channels/exit.ts";
import type { Current } from "./current.ts";
import type { Ref } from "./ref.ts";

/** The news that a watched actor has ended. */
export interface Down<R = Ref> {
  /** Who ended: what was given to `watch`. */
  readonly ref: R;
  /** How. */
  readonly exit: Exit;
}

/** What an actor does about an error in one of its handlers. */
export type ErrorDecision = "resume" | "restart" | "stop" | "escalate";

/** The message whose handler threw. */
export interface FailedMessage {
  /** The method that was called, or the hook. */
  readonly method: string;
  /** `call` has a caller, who is told in any case; `cast` has none. */
  readonly kind: "call" | "cast" | "hook" | "rejection";
}

/**
 * Methods with a meaning of their own. An actor's class may have any of them; nobody can call them from outside.
 *
 * @example Open at the start, close at the end
 * ```ts
 * import { actor, type ActorHooks, spawn } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const log: string[] = [];
 *
 * class Store implements ActorHooks {
 *   onStart(): void {
 *     log.push("open");
 *   }
 *   onStop(): void {
 *     log.push("closed");
 *   }
 * }
 * actor(import.meta.url, Store);
 *
 * const store = await spawn(Store, [], { placement: "inline" });
 * await store.stop();
 * assertEquals(log, ["open", "closed"]);
 * ```
 */
export interface ActorHooks {
  /** Runs after the constructor and before the first message; when it throws, starting fails. */
  onStart?(context: Current): void | Promise<void>;
  /** Runs when the actor has been asked to stop and has handled what was queued. (OTP's `terminate/2`; not when killed.) */
  onStop?(exit: Exit): void | Promise<void>;
  /**
   * Runs for the end of each actor that this one watches, in turn with its messages; no bound of the mailbox keeps it out.
   */
  onDown?(down: Down): void | Promise<void>;
  /**
   * Decides what an error in a handler means: without it, one that has a caller means nothing more to the actor
   * (`"resume"`), and any other ends it (`"restart"`), so that its supervisor, if it has one, starts it again.
   * `"stop"` stops it in order. `"escalate"` ends it and its supervisor with it, which has then failed with the same
   * error and may be started again by one above. Nothing else is handled until it has decided.
   */
  onError?(error: unknown, message: FailedMessage): ErrorDecision | Promise<ErrorDecision>;
}
