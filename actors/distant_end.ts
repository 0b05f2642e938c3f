import { type Exit, PARENT_GONE } from "../channels/exit.ts";
import type { Address } from "../channels/kernel/address.ts";
import { ask } from "../channels/kernel/ask.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import { singleton } from "../channels/kernel/singleton.ts";
import { mainActor } from "./context.ts";
import { arrivedExit } from "./exited.ts";

/** The end of an actor whose keeper lives elsewhere, as this isolate waits to hear of it. */
export class DistantEnd {
  /** How the actor ended, as far as is known here. */
  exit: Exit | undefined;
  /** How it ended, once it has. */
  readonly exited: Promise<Exit>;

  private constructor(keeper: Address) {
    this.exited = this.#hear(keeper);
  }

  /** The one of the actor that this keeper keeps. Every ref that arrives leads to the same, and asks nothing again. */
  static of(keeper: Address): DistantEnd {
    const { isolate, slot, incarnation, secret } = keeper;
    const key = `${isolate}#${slot}.${incarnation}.${secret}`;
    let end = ends.get(key);
    if (end === undefined) {
      ends.set(key, end = new DistantEnd(keeper));
      void end.exited.then(() => ends.delete(key));
    }
    return end;
  }

  async #hear(keeper: Address): Promise<Exit> {
    let ended: Exit | undefined;
    const lost = (exit: Exit | undefined) => {
      ended = exit;
      return new Error("gone");
    };
    // On behalf of the whole isolate: the first actor that wants to know may end before the others have heard.
    const asked = ask(keeper, { holder: mainActor().holder, verb: "exited", quiet: true, lost });
    // Where the keeper lived with the actor, its home may still know; what is said of a dead home is another's exit.
    const known = () => isolate.exitOf(keeper.isolate) === undefined ? ended : undefined;
    // A keeper whose answer is no exit counts as gone.
    return this.exit = await asked.then(arrivedExit, known) ?? PARENT_GONE;
  }
}

const ends: Map<string, DistantEnd> = singleton("distant-ends", () => new Map());
