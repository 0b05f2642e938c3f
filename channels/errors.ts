/**
 * Every error class of the package. All take `(message, options)` where the options are those of `Error` and the fields
 * of the class; all arrive as themselves wherever they travel.
 *
 * @module
 */

import type { Exit } from "./exit.ts";
import { inspectBounded } from "./kernel/inspect.ts";

/** What every error thrown by this package extends. Misuse is a `TypeError` or a `RangeError` instead. */
export abstract class TroupeError extends Error {
  /** Names the condition, for programs that cannot use `instanceof`. */
  abstract readonly code: string;

  /** Sets the name; every subclass sets its own. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TroupeError";
  }

  static {
    // What others threw is among the fields of some.
    inspectBounded(this);
  }
}

/** Thrown when a channel, queue, pool or process object is used after it was closed on this side. */
export class ClosedError extends TroupeError {
  /** `"closed"`. */
  override readonly code: string = "closed";

  /** Takes what every `Error` takes. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ClosedError";
  }
}

/** Thrown when the peer of a connection, or the home of a channel, is gone. */
export class DisconnectedError extends TroupeError {
  /** `"disconnected"`. */
  override readonly code: string = "disconnected";

  /** Takes what every `Error` takes. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DisconnectedError";
  }
}

/** Thrown when something is sent on an end that only reads, or received on an end that only writes. */
export class DirectionError extends TroupeError {
  /** `"direction"`. */
  override readonly code: string = "direction";

  /** Takes what every `Error` takes. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DirectionError";
  }
}

/** Thrown when a wait ran out. What was waited for has not been taken. */
export class TimeoutError extends TroupeError {
  /** `"timeout"`; subclasses have their own. */
  override readonly code: string = "timeout";
  /** How long the wait was allowed to last, in milliseconds. */
  readonly timeoutMs: number;

  /** Takes the bound that was reached. */
  constructor(message: string, options: ErrorOptions & { readonly timeoutMs: number }) {
    super(message, options);
    this.name = "TimeoutError";
    this.timeoutMs = options.timeoutMs;
  }
}

/** Thrown when a queue stayed empty for as long as the reader would wait. */
export class EmptyError extends TimeoutError {
  /** `"empty"`. */
  override readonly code: string = "empty";

  /** Takes the bound that was reached. */
  constructor(message: string, options: ErrorOptions & { readonly timeoutMs: number }) {
    super(message, options);
    this.name = "EmptyError";
  }
}

/**
 * Thrown when a queue stayed full for as long as the writer would wait; and at once, with a `timeoutMs` of 0, when a call comes
 * to a `Pool` of `overflow: "reject"` in which as many wait as its `maxQueue` allows.
 */
export class FullError extends TimeoutError {
  /** `"full"`. */
  override readonly code: string = "full";

  /** Takes the bound that was reached. */
  constructor(message: string, options: ErrorOptions & { readonly timeoutMs: number }) {
    super(message, options);
    this.name = "FullError";
  }
}

/**
 * Thrown when a value cannot travel, before anything was sent.
 *
 * - **What travels**, the same to every placement: primitives but symbols; plain objects, arrays, `Map`, `Set`, `Date`,
 *   `RegExp`, `URL`, `URLSearchParams` and `Temporal` as copies, with cycles and shared references; `ArrayBuffer`s, and of
 *   typed arrays and `DataView`s the bytes that they show; errors; every handle of this library; `AbortSignal`s and async
 *   iterables for the length of a call; what is named in `transfer`, by moving.
 * - **What does not**: functions, symbols, instances of classes, shared memory outside our own types, what can only be
 *   read by waiting (`Blob`, `Request`), and everything that would be lost: properties with symbols for keys, or that are
 *   not enumerable, of a plain object, and named ones of a `Map`, `Set`, `Date` and their like. A message has at most 2 GiB.
 * - **What is not noticed**: that an object was frozen or had no prototype; named properties of typed arrays, which nobody
 *   can find without looking at all of their elements. Getters are read. (As by `structuredClone`.)
 */
export class NotSerializableError extends TroupeError {
  /** `"not-serializable"`. */
  override readonly code: string = "not-serializable";
  /** Where in the message it is, as an expression: `args[0].options.signal`. */
  readonly path: string;
  /** What it is: `"function"`, `"class Foo"`, `"Promise"`, `"symbol key"`. */
  readonly kind: string;

  /** Takes the place and the kind of the value. */
  constructor(message: string, options: ErrorOptions & { readonly path: string; readonly kind: string }) {
    super(message, options);
    this.name = "NotSerializableError";
    this.path = options.path;
    this.kind = options.kind;
  }
}

/** Thrown when an actor, process, worker or child could not start; the `cause` says why. Nothing is left running. */
export class StartError extends TroupeError {
  /** `"start"`. */
  override readonly code: string = "start";

  /** Takes what was thrown on the way as `cause`. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartError";
  }
}

/** Thrown when the actor asked is gone, or died before it answered. */
export class ActorExitedError extends TroupeError {
  /** `"exited"`. */
  override readonly code: string = "exited";
  /** How it ended. */
  readonly exit: Exit;
  /** Where it lived, as people read it. */
  readonly address: string;

  /** Takes the end and the address of the actor. */
  constructor(message: string, options: ErrorOptions & { readonly exit: Exit; readonly address: string }) {
    super(message, options);
    this.name = "ActorExitedError";
    this.exit = options.exit;
    this.address = options.address;
  }
}

/**
 * Stands for an error of a class that this side cannot rebuild. It has the remote error's `name`, `message`, `cause`
 * and stack, and the remote error's own fields as its own; a `code` among those takes the place of ours.
 */
export class RemoteError extends TroupeError {
  /** `"remote"`, unless the remote error had a `code` of its own. */
  override readonly code: string = "remote";

  /** Takes the remote error's name. */
  constructor(message: string, options: ErrorOptions & { readonly name: string }) {
    super(message, options);
    this.name = options.name;
  }
}

/** Thrown when a mailbox is full and its overflow policy is `"reject"`. */
export class MailboxFullError extends TroupeError {
  /** `"mailbox-full"`. */
  override readonly code: string = "mailbox-full";

  /** Takes what every `Error` takes. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "MailboxFullError";
  }
}

/**
 * Thrown into a cycle of calls in which every actor waits for the next, by the call that one of them cannot handle; the
 * others go on. It takes 50 to 200 ms to be found.
 *
 * - **Waiting** is a handler that awaits the call: itself, through other async functions, `then`, or `Promise.all`. Who
 *   calls without awaiting, or handles several messages at a time (`concurrency`), is not accused. A call in a
 *   `Promise.race` counts as awaited, since the runtime does not tell it from one; one in `Promise.any` does not.
 * - **Missed** is a handler that awaits a promise of its own which others await as well; that call ends by its timeout.
 *
 * @example Two that call each other
 * ```ts
 * import { actor, current, DeadlockError, spawn } from "@troupe/troupe";
 * import { assertRejects } from "@std/assert";
 *
 * class Narcissus {
 *   async look(): Promise<void> {
 *     const self = current().self as unknown as { call: Narcissus };
 *     await self.call.look();
 *   }
 * }
 * actor(import.meta.url, Narcissus);
 *
 * await using one = await spawn(Narcissus, [], { placement: "inline" });
 * await assertRejects(() => one.call.look(), DeadlockError);
 * ```
 */
export class DeadlockError extends TroupeError {
  /** `"deadlock"`. */
  override readonly code: string = "deadlock";
  /** The names of the actors of the cycle, each waiting for the one after it and the last for the first. */
  readonly cycle: readonly string[];

  /** Takes the actors of the cycle. */
  constructor(message: string, options: ErrorOptions & { readonly cycle: readonly string[] }) {
    super(message, options);
    this.name = "DeadlockError";
    this.cycle = options.cycle;
  }
}

/** The reason of a supervisor that gave up, because a child had to be restarted too often. */
export class RestartLimitError extends TroupeError {
  /** `"restart-limit"`. */
  override readonly code: string = "restart-limit";
  /** The name of the child whose end was one too many. */
  readonly child: string;
  /** How many restarts there had been within the supervisor's window. */
  readonly restarts: number;

  /** Takes the child and the number of restarts. */
  constructor(message: string, options: ErrorOptions & { readonly child: string; readonly restarts: number }) {
    super(message, options);
    this.name = "RestartLimitError";
    this.child = options.child;
    this.restarts = options.restarts;
  }
}

/** Thrown when a lock or semaphore is released by one who does not hold it. */
export class NotOwnerError extends TroupeError {
  /** `"not-owner"`. */
  override readonly code: string = "not-owner";

  /** Takes what every `Error` takes. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NotOwnerError";
  }
}

/** Thrown at a barrier that was aborted, timed out, or lost a party. */
export class BrokenBarrierError extends TroupeError {
  /** `"broken-barrier"`. */
  override readonly code: string = "broken-barrier";

  /** Takes what every `Error` takes. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BrokenBarrierError";
  }
}

/**
 * Thrown where a subprocess with fewer permissions than its starter, or another program, would have to be given more memory
 * than its `quota` allows. What it has by then stays as it is.
 */
export class QuotaError extends TroupeError {
  /** `"quota"`. */
  override readonly code: string = "quota";
  /** Which part of the quota is used up. */
  readonly quota: "entries" | "bytes" | "values";
  /** How many there may be. */
  readonly limit: number;

  /** Takes the part of the quota, and its limit. */
  constructor(
    message: string,
    options: ErrorOptions & { readonly quota: "entries" | "bytes" | "values"; readonly limit: number },
  ) {
    super(message, options);
    this.name = "QuotaError";
    this.quota = options.quota;
    this.limit = options.limit;
  }
}

/** Thrown when the other side of a connection has a wrong key, or none. */
export class AuthenticationError extends TroupeError {
  /** `"authentication"`. */
  override readonly code: string = "authentication";

  /** Takes what every `Error` takes. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AuthenticationError";
  }
}

/** Thrown when what arrived is malformed, truncated or too large. It costs the connection it came on, and no other. */
export class ProtocolError extends TroupeError {
  /** `"protocol"`. */
  override readonly code: string = "protocol";

  /** Takes what every `Error` takes. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProtocolError";
  }
}

/** Thrown when `recvBytesInto` was given a view that is smaller than the message; the message is in the error. */
export class BufferTooShortError extends TroupeError {
  /** `"buffer-too-short"`. */
  override readonly code: string = "buffer-too-short";
  /** The whole message. */
  readonly bytes: Uint8Array;

  /** Takes the whole message. */
  constructor(message: string, options: ErrorOptions & { readonly bytes: Uint8Array }) {
    super(message, options);
    this.name = "BufferTooShortError";
    this.bytes = options.bytes;
  }
}

/** Thrown when work is given to a pool that ended, or was pending when it did. */
export class PoolClosedError extends TroupeError {
  /** `"pool-closed"`. */
  override readonly code: string = "pool-closed";

  /** Takes what every `Error` takes. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PoolClosedError";
  }
}
