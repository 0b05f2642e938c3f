import { StartError } from "../../channels/errors.ts";
import { contactBehind, isRef } from "../actor_ref.ts";
import { oneLine } from "../../channels/kernel/escape.ts";
import { expected, isAnything, isText, listOf, maybe, startsWith, withFields } from "../../channels/kernel/shape.ts";
import { brief, reasonOf } from "../../channels/kernel/show.ts";
import { currentActor, currentFrame } from "../context.ts";
import { current } from "../current.ts";
import { actor, type ActorClass, type RegisteredName } from "../definition.ts";
import { findOrImport } from "../imported.ts";
import type { Ref } from "../ref.ts";
import type { ChildSpec } from "../supervision/child.ts";
import { SupervisorActor, type SupervisorPlan } from "../supervision/supervisor_actor.ts";
import { Voucher } from "../supervision/voucher.ts";
import { Catalogue } from "./catalogue.ts";
import { makeInstance } from "./instance.ts";
import { Life } from "./life.ts";
import { namedTransit } from "./named.ts";
import { NamedHome, type NamedRight } from "./named_cell.ts";
import type { ObjectKind } from "./object_kinds.ts";
import { openStore } from "./store.ts";
import { classWish, poolWish } from "./wish.ts";

/** How long the keeper of a shared instance may take to say that the instance has ended. */
const LOOK_MS = 1000;

const isRequest = startsWith(isText, maybe(isText), listOf(isAnything));

/** Where a class is found of which the manager makes instances. */
export type MadeClass = Omit<RegisteredName, "kind">;

const isMaking = startsWith(withFields<MadeClass>({ moduleUrl: isText, name: isText }), listOf(isAnything));

const isSharing = startsWith(isText, isRef);

/** An instance that somebody shares, for as long as it lives. */
interface Published {
  readonly ref: Ref;
  /** Told when it is shared no longer. */
  readonly withdrawn: (() => void) | undefined;
}

/** A supervisor that also owns shared state. */
export class ManagerActor extends SupervisorActor {
  readonly #store: string | undefined;
  readonly #classes: readonly MadeClass[];
  readonly #instances = new Map<string, Published>();
  readonly #rights = new Map<string, Promise<NamedRight>>();
  #catalogue!: Catalogue;
  #home: NamedHome | undefined;

  /** @param home where the rights to its named objects live, if that is not here */
  constructor(
    specs: readonly (readonly [string, ChildSpec])[],
    plan: SupervisorPlan,
    store: string | undefined,
    classes: readonly MadeClass[] = [],
    home?: NamedHome,
  ) {
    super(specs, plan);
    this.#store = store;
    this.#classes = classes;
    this.#home = home;
  }

  /** What is on disk is there before the first child. */
  override async onStart(): Promise<void> {
    const self = currentActor();
    // As with multiprocessing's managers, Ctrl-C is for the program, which then stops its manager in order.
    if (self.plan.placement === "process") Deno.addSignalListener("SIGINT", () => {});
    const failed = (error: unknown) => self.crash(error, { method: "a write to the store", kind: "hook" });
    const journal = this.#store === undefined ? undefined : await openStore(this.#store, failed);
    const life = new Life();
    void self.exited.then((exit) => {
      journal?.close();
      life.end(exit);
    });
    this.#catalogue = new Catalogue(self.holder, life, journal);
    this.#home ??= new NamedHome().belongTo(contactBehind(current().self)!);
    await super.onStart();
  }

  /**
   * A handle to a new object, or to the one of this name.
   *
   * @param voucher shows for a pool that an isolate with the rights of this one wants it
   */
  async object(
    kind: ObjectKind,
    name: string | undefined,
    args: readonly unknown[],
    voucher?: Voucher,
  ): Promise<object | undefined> {
    const { call } = currentFrame();
    // A cast: nobody would have the object, and nobody could be refused.
    if (call === undefined) return;
    // Not of these types, one of them could pass for something else below.
    expected("a request for an object", [kind, name, args], isRequest);
    if (
      kind === "pool" && !this.#catalogue.has(kind, name) && !await Voucher.vouched(() => poolWish(name, args), voucher)
    ) {
      // A pool starts isolates with the rights of this one.
      throw new TypeError("Cannot make a pool: those with fewer rights than the manager can only use one that it has");
    }
    const object = this.#catalogue.get(kind, name, args, call.account);
    await this.#catalogue.committed();
    return object;
  }

  /** A handle to the object of this name in whichever of its lives the manager is. */
  async named(
    kind: ObjectKind,
    name: string,
    args: readonly unknown[],
    voucher?: Voucher,
  ): Promise<object | undefined> {
    const { name: title } = currentActor();
    expected("a request for an object", name, isText);
    const object = await this.object(kind, name, args, voucher);
    return object && namedTransit(title, kind, name, await this.#rightTo(kind, name, args, voucher), object);
  }

  /** The right to a name is one for all; that to a pool has the voucher of the one who asks. */
  async #rightTo(kind: ObjectKind, name: string, args: readonly unknown[], voucher: unknown): Promise<NamedRight> {
    if (voucher instanceof Voucher) return await this.#home!.name([kind, name, args], voucher);
    const known = this.#rights.get(name);
    if (known !== undefined) return await known;
    const made = this.#home!.name([kind, name, args], undefined);
    this.#rights.set(name, made);
    made.catch(() => this.#rights.delete(name));
    return await made;
  }

  /**
   * A new instance of a class, which lives while somebody has it.
   *
   * @param voucher shows that an isolate with the rights of this one, in which the code of the class runs, wants it
   */
  async make(asked: MadeClass, args: readonly unknown[], voucher: Voucher): Promise<object | undefined> {
    if (currentFrame().call === undefined) return;
    expected("a request for an instance", [asked, args], isMaking);
    const isVouched = await Voucher.vouched(() => classWish(asked), voucher);
    const wanted = isVouched ? asked : this.#classes.find(({ name }) => name === asked.name);
    const action = `make a ${oneLine(asked.name)}`;
    if (wanted === undefined) {
      throw new TypeError(
        `Cannot ${action}: for those with fewer rights than the manager it makes only what its option classes names`,
      );
    }
    const { definition } = await findOrImport("a manager", wanted.moduleUrl, wanted.name).catch((cause) => {
      throw new StartError(`Cannot ${action}: ${reasonOf(cause)}`, { cause });
    });
    return await makeInstance(definition as ActorClass, args);
  }

  /** Notes an instance that somebody shares. */
  async publish(name: string, ref: Ref): Promise<void> {
    const { call } = currentFrame();
    if (call === undefined) return;
    expected("a request to share an instance", [name, ref], isSharing);
    const known = this.#instances.get(name);
    // Its end may not have been told yet.
    const isFree = known === undefined || await contactBehind(known.ref)!.look(LOOK_MS) !== undefined;
    // Meanwhile it may have been told, too; then there is none.
    if (!isFree || (this.#instances.get(name) ?? known) !== known) {
      throw new Deno.errors.AlreadyExists(`Cannot share ${brief(name)}: another instance has that name`);
    }
    if (known !== undefined) this.#withdraw(name, known);
    const error = call.account?.noEntry ?? call.account?.noRoom(name.length);
    if (error !== undefined) throw error;
    const published = { ref, withdrawn: call.account?.keep(name.length) };
    this.#instances.set(name, published);
    void contactBehind(ref)!.exited.then(() => this.#withdraw(name, published));
  }

  #withdraw(name: string, published: Published): void {
    if (this.#instances.get(name) !== published) return;
    this.#instances.delete(name);
    published.withdrawn?.();
  }

  /** An instance that somebody shares. */
  published(name: string): Ref {
    const published = this.#instances.get(name);
    if (published !== undefined) return published.ref;
    throw new Deno.errors.NotFound(`Cannot find the shared instance ${brief(name)}: nobody has shared one`);
  }
}
actor(import.meta.url, ManagerActor);
