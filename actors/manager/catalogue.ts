import type { Account } from "../../channels/kernel/account.ts";
import { isCell } from "../../channels/kernel/cell.ts";
import { decode } from "../../channels/kernel/codec/decode.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { oneLine } from "../../channels/kernel/escape.ts";
import { passagesOf } from "../../channels/kernel/handle.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import type { Journal } from "./journal.ts";
import type { Life } from "./life.ts";
import { differenceOf, isStored, makeObject, type ObjectKind, sizeOf } from "./object_kinds.ts";
import type { Home } from "./shared_cell.ts";

interface Named {
  readonly kind: ObjectKind;
  readonly object: object;
}

function nameless(kind: ObjectKind): string {
  return `Cannot make a ${kind} without a name: the manager has a store, in which a later start could not find it; ` +
    "give it a name, or make it at a manager without a store";
}

/** The objects of a manager's, in one life of it. */
export class Catalogue {
  readonly #home: Pick<Home, "holder" | "life">;
  readonly #journal: Journal | undefined;
  readonly #named = new Map<string, Named>();

  /** Finds those again that a journal has. */
  constructor(holder: Holder, life: Life, journal: Journal | undefined) {
    this.#home = { holder, life };
    this.#journal = journal;
    for (const { id, name, kind, args } of journal?.objects() ?? []) {
      const object = makeObject(kind, decode(args) as unknown[], {
        ...this.#home,
        named: true,
        stored: journal!.object(id),
      });
      this.#named.set(name, { kind, object: life.own(object) });
    }
  }

  /** Whether there is an object of that kind and name. */
  has(kind: ObjectKind, name: string | undefined): boolean {
    return name !== undefined && this.#named.get(name)?.kind === kind;
  }

  /**
   * A new object; or the one of this name, which is made if there is none.
   *
   * @param account of the stranger that wants it, if one does
   * @throws {TypeError} If the name is that of an object of another kind, or of one that was made otherwise; or if there
   *   is none, and the content of such objects is stored.
   * @throws {QuotaError} If the stranger has too much here.
   */
  get(kind: ObjectKind, name: string | undefined, args: readonly unknown[], account?: Account): object {
    if (name === undefined) {
      if (this.#journal !== undefined && isStored(kind)) throw new TypeError(nameless(kind));
      return this.#make(kind, args, account);
    }
    const found = this.#named.get(name);
    if (found !== undefined) {
      const difference = found.kind === kind ? differenceOf(found.object, kind, args) : undefined;
      if (found.kind === kind && difference === undefined) return found.object;
      const known = difference === undefined ? `a ${found.kind} of that name` : `one of that name with ${difference}`;
      throw new TypeError(`Cannot make a ${oneLine(kind)} named "${oneLine(name)}": there is ${known}`);
    }
    const sizeBytes = account === undefined ? 0 : name.length + sizeOf(kind, args);
    const error = account?.noRoom(sizeBytes);
    if (error !== undefined) throw error;
    const stored = isStored(kind) ? this.#journal?.make(name, kind, encode(args, "args")) : undefined;
    const object = this.#home.life.own(makeObject(kind, args, { ...this.#home, named: true, stored }));
    this.#named.set(name, { kind, object });
    account?.keep(sizeBytes);
    return object;
  }

  #make(kind: ObjectKind, args: readonly unknown[], account: Account | undefined): object {
    const sizeBytes = account === undefined ? 0 : sizeOf(kind, args);
    const error = account?.noRoom(sizeBytes);
    if (error !== undefined) throw error;
    const object = this.#home.life.own(makeObject(kind, args, { ...this.#home, named: false }));
    const [{ target }] = passagesOf(object)!;
    if (account !== undefined && isCell(target)) target.chargeTo(account, sizeBytes);
    return object;
  }

  /** Resolves when all that was made and written so far is on disk. */
  committed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#journal === undefined) resolve();
    else this.#journal.committed(resolve);
    return promise;
  }
}
