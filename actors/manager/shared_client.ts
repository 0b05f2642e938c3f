import { whoActs } from "../../channels/kernel/acting.ts";
import { showAddress } from "../../channels/kernel/address.ts";
import { ask } from "../../channels/kernel/ask.ts";
import { cells, isCell, type Target } from "../../channels/kernel/cell.ts";
import { oneLine } from "../../channels/kernel/escape.ts";
import type { HandleKind, Import, Passage } from "../../channels/kernel/handle.ts";
import { adopting } from "../../channels/kernel/adoption.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { destinationOf, pack } from "../../channels/kernel/pack.ts";
import { EMPTY_PACKET, type Packet } from "../../channels/kernel/packet.ts";
import { expected, isAnything, isCount, isText, listOf, startsWith } from "../../channels/kernel/shape.ts";
import { ClosedError } from "../../channels/errors.ts";
import { actorExited } from "../exited.ts";
import { frozen } from "./frozen.ts";
import type { SharedCell } from "./shared_cell.ts";

const areEntries = listOf(startsWith<[string, unknown]>(isText, isAnything));

/** How often an update is tried before it asks for its turn. */
const FREE_TRIES = 4;

/** One handle's way to an object of a manager's. Dicts, lists, sets and namespaces are faces of this. */
export class SharedClient {
  readonly title: string;
  readonly target: Target;
  readonly #imported: Import | undefined;
  #released = false;

  constructor(title: string, target: Target, imported?: Import) {
    this.title = title;
    this.target = target;
    this.#imported = imported;
  }

  /** How the object is, in words; where it lives, that is. */
  describe(): string {
    if (this.#released) return "disposed of";
    return isCell(this.target) ? (this.target as SharedCell).describe() : "elsewhere";
  }

  /** What travels. */
  passage(kind: string): Passage {
    this.#assertUsable("send");
    return { kind, target: this.target, meta: null };
  }

  /** Asks, and gives the answer frozen. */
  async read(verb: string, detail?: string, body?: Packet): Promise<unknown> {
    return frozen(await this.ask(verb, detail, body));
  }

  /** The texts of the keys at one moment. */
  async keys(): Promise<string[]> {
    return expected("the keys of a dict", await this.ask("keys"), listOf(isText));
  }

  /** The texts of the keys with their values at one moment. */
  async entries(): Promise<[string, unknown][]> {
    return expected("the entries of a dict", await this.ask("entries"), areEntries);
  }

  /** Asks. Rejects with `ActorExitedError` when the manager is gone. */
  ask(verb: string, detail: string = "", body: Packet = EMPTY_PACKET): Promise<unknown> {
    this.#assertUsable(verb);
    const { target } = this;
    const lost = (exit = exitAt(target)) =>
      actorExited(`use a ${this.title} (${verb})`, "its manager", addressText(target), exitAt(target) ?? exit);
    return ask(target, { holder: whoActs.holder(), verb, detail, body, lost });
  }

  /** A snapshot of a value, for the object to keep. */
  pack(value: unknown, root: string = "value"): Packet {
    this.#assertUsable("write");
    return pack(value, root, destinationOf(this.target));
  }

  /**
   * Replaces a value by what `change` makes of it, which is asked again until nobody came in between. Who was too slow a
   * few times gets its turn: until it is done, or a second has passed, the others wait.
   */
  async update<V>(place: string, change: (old: V) => V | Promise<V>): Promise<V> {
    if (typeof change !== "function") {
      throw new TypeError(`Cannot update a ${this.title}: a function is needed, not ${typeof change}`);
    }
    for (let tries = 1;; tries++) {
      const inTurn = tries > FREE_TRIES;
      const seen = await this.read(inTurn ? "claim" : "read", place);
      const [version, old] = expected("a shared value", seen, startsWith<[number, unknown]>(isCount, isAnything));
      let body: Packet;
      let next: V;
      try {
        body = this.pack(next = await change(old as V));
      } catch (error) {
        if (inTurn) await this.ask("yield", place);
        throw error;
      }
      if (await this.ask(inTurn ? "settle" : "swap", `${version} ${place}`, body)) return next;
    }
  }

  /** Gives this handle back. */
  release(): void {
    this.#released = true;
    this.#imported?.release();
  }

  #assertUsable(action: string): void {
    if (this.#released) throw new ClosedError(`Cannot use a ${this.title} (${action}): this handle was disposed of`);
  }
}

/** How the handles of one kind of object are made on arrival. */
export function sharedKind(title: string, make: () => object): HandleKind {
  return {
    leased: true,
    revive: ({ target }, imported) => adopting(new SharedClient(title, target, imported), make),
  };
}

/** How the home of an object ended, if it has. */
function exitAt(target: Target): ReturnType<typeof isolate.exitOf> {
  return isCell(target) ? cells.exitOf(target.slot, target.secret) : isolate.exitOf(target.isolate);
}

/** Where a cell is, as people read it. */
export function addressText(target: Target): string {
  return isCell(target) ? `${isolate.id}#${target.slot}` : oneLine(showAddress(target));
}
