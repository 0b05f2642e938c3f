import { brief } from "../channels/kernel/show.ts";
import { moveWith } from "../channels/kernel/moving.ts";
import type { Movable } from "../channels/kernel/packet.ts";
import type { Actor } from "./actor.ts";
import { type CallContext, currentFrame } from "./context.ts";
import { Mailbox } from "./mailbox.ts";
import { makeRef } from "./actor_ref.ts";
import type { PlacementName } from "./contact.ts";
import type { Ref } from "./ref.ts";

/** What running code can know of the actor or task that it runs in. */
export class Current {
  /**
   * The call that is being handled, if one is. A method that is not declared `async`, and returns a value one time and a
   * promise another, should read it before anything that it waits for.
   */
  readonly call: CallContext | undefined;
  readonly #actor: Actor;
  readonly #task: CallContext | undefined;
  #mailbox: Mailbox | undefined;

  /** Made by the library; get it from {@linkcode current}. */
  constructor(actor: Actor, call?: CallContext, task?: CallContext) {
    this.call = call;
    this.#actor = actor;
    this.#task = task;
  }

  /** A ref to this very actor, to give to others. (Erlang's `self()`.) */
  get self(): Ref {
    return makeRef(this.#actor.contact);
  }

  /** `"main"` in the program itself. */
  get name(): string {
    return this.#actor.name;
  }

  /** Where the actor lives, as people read it; not enough to reach it. */
  get address(): string {
    return this.#actor.address;
  }

  /** What kind of place it runs in. The program's own main actor is `"inline"`. */
  get placement(): PlacementName {
    return this.#actor.plan.placement;
  }

  /**
   * The actor that started it; undefined in the program itself. In a subprocess with fewer permissions than that actor's
   * isolate it can be named and watched; a call, `stop()` or `kill()` rejects with `TypeError`, a cast is a dead letter.
   */
  get parent(): Ref | undefined {
    const { parent } = this.#actor;
    return parent && makeRef(parent);
  }

  /**
   * Aborts when this actor is asked to stop, or ends; in a pool's task also when that task is no longer wanted. Its
   * waits at channels and locks that are pending then reject with the signal's reason, and its loops over channels end. Waits
   * begun after that are as always, for cleaning up. Calls to other actors, and results of pools, have their own time limits.
   */
  get signal(): AbortSignal {
    return this.#task?.signal ?? this.#actor.signal;
  }

  /** What was sent to this task by `Process.send`. */
  get mailbox(): Mailbox {
    return this.#mailbox ??= new Mailbox(this.#actor);
  }

  /**
   * Has objects move to the caller with a result, instead of being copied: give to `return` or `yield` what this returns,
   * which is the value itself. It counts for the next time that the value is a result. (Comlink's `transfer`.)
   *
   * - **When**: they move when the result is sent, and stay where they are when something in it cannot travel. A result
   *   that nobody waits for any more takes ports and streams along: they are closed.
   * - **Where**: an `ArrayBuffer` arrives in another process as a copy, and is detached here. Ports and streams stay within
   *   one process: the call rejects with `NotSerializableError`.
   * - **Whose**: a stream lives no longer than the actor that fills it; a task's result outlives the task.
   *
   * @param value what will be the result, or an item of it
   * @param transfer what moves of it
   * @returns the value
   * @throws {TypeError} If the value is no object, or `transfer` no array.
   *
   * @example Give a buffer away
   * ```ts
   * import { actor, current, spawn } from "@troupe/troupe";
   * import { assertEquals } from "@std/assert";
   *
   * class Painter {
   *   paint(width: number): { width: number; pixels: ArrayBuffer } {
   *     const pixels = new ArrayBuffer(4 * width);
   *     return current().transfer({ width, pixels }, [pixels]);
   *   }
   * }
   * actor(import.meta.url, Painter);
   *
   * await using painter = await spawn(Painter, [], { placement: "inline" });
   * assertEquals((await painter.call.paint(2)).pixels.byteLength, 8);
   * ```
   */
  transfer<T extends object>(value: T, transfer: readonly Movable[]): T {
    if (typeof value !== "object" || value === null) {
      throw new TypeError(`Cannot transfer: the value must be an object, not ${brief(value)}`);
    }
    if (!Array.isArray(transfer)) {
      throw new TypeError(`Cannot transfer: transfer must be an array, not ${brief(transfer)}`);
    }
    moveWith(value, [...transfer]);
    return value;
  }

  /**
   * Ends this actor now, wherever it runs; in the program's own main actor it ends the program. It leaves the running
   * function by throwing, so `finally` blocks run.
   *
   * @param code 0 when left out; taken modulo 256, as operating systems do
   * @throws {TypeError} If the code is not a whole number.
   */
  exit(code: number | boolean | null | undefined = 0): never {
    const value = Number(code ?? 0);
    if (!Number.isInteger(value)) {
      throw new TypeError(`Cannot exit: the code must be a whole number, not ${brief(code)}`);
    }
    return this.#actor.exitWith(value & 0xff);
  }
}

/**
 * The actor or task that the calling code runs in; the program itself where there is none. (Python's
 * `multiprocessing.current_process`.)
 *
 * @example End a loop when asked to
 * ```ts
 * import { current, Process, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * async function tick(): Promise<string> {
 *   const { name, signal } = current();
 *   while (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 10));
 *   return name;
 * }
 * task(import.meta.url, tick);
 *
 * const p = new Process(tick, [], { name: "ticker", placement: "inline" });
 * await p.start();
 * await p.stop();
 * assertEquals(await p.result, "ticker");
 * ```
 *
 * @example In the program itself
 * ```ts
 * import { current } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(current().name, "main");
 * ```
 */
export function current(): Current {
  const { actor, call, task } = currentFrame();
  return call === undefined ? actor.current : new Current(actor, call, task);
}
