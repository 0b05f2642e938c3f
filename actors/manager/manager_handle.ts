import { outside } from "../../channels/kernel/acting.ts";
import { checkName } from "../../channels/argument.ts";
import {
  JOINABLE_QUEUE_OPTIONS,
  type JoinableQueue,
  type JoinableQueueOptions,
} from "../../channels/joinable_queue.ts";
import { handleKind } from "../../channels/kernel/handle.ts";
import { inspectAs } from "../../channels/kernel/inspect.ts";
import { checkOptions, type OptionNames } from "../../channels/kernel/options.ts";
import type { NumberKind, Numeric } from "../../channels/memory/number_kind.ts";
import type { SharedArray } from "../../channels/memory/shared_array.ts";
import type { SharedStruct } from "../../channels/memory/shared_struct.ts";
import type { SharedValue } from "../../channels/memory/shared_value.ts";
import type { StructFields, StructRecord } from "../../channels/memory/struct_layout.ts";
import { type Queue, QUEUE_OPTIONS, type QueueOptions } from "../../channels/queue.ts";
import type { Barrier } from "../../channels/sync/barrier.ts";
import type { Condition } from "../../channels/sync/condition.ts";
import type { EventFlag } from "../../channels/sync/event_flag.ts";
import type { Lock } from "../../channels/sync/lock.ts";
import type { RLock } from "../../channels/sync/rlock.ts";
import type { BoundedSemaphore, Semaphore } from "../../channels/sync/semaphore.ts";
import type { SocketAddress } from "../../channels/link/socket_address.ts";
import type { Listener, ListenOptions } from "../../channels/remote/listener.ts";
import { contactBehind, contactFrom, makeRef } from "../actor_ref.ts";
import { type ActorClass, registrationOf } from "../definition.ts";
import { checkArgs } from "../spawn_options.ts";
import type { Pool } from "../pool/pool.ts";
import type { Ref } from "../ref.ts";
import { type Children, refsFrom, type Supervisor, SupervisorHandle } from "../supervision/supervisor.ts";
import "./changes.ts";
import "./instance.ts";
import type { Key } from "./key.ts";
import { Voucher } from "../supervision/voucher.ts";
import type { ManagerActor } from "./manager_actor.ts";
import "./named.ts";
import { unlessEnded } from "./named_cell.ts";
import type { Namespace } from "./namespace.ts";
import type { ObjectArgs, ObjectKind } from "./object_kinds.ts";
import { serveInstance } from "./shareable.ts";
import { SHARED_POOL_OPTIONS, type SharedPoolOptions } from "./shared_pool_options.ts";
import type { SharedDict } from "./shared_dict.ts";
import type { SharedList } from "./shared_list.ts";
import type { SharedSet } from "./shared_set.ts";
import { classWish, poolWish } from "./wish.ts";

/** What everything that a manager makes takes. */
export interface SharedOptions {
  /**
   * By which a later call finds the same object. A call that asks for another `kind`, `fields`, `maxSize`, `parties` or
   * `size` than it has rejects with `TypeError`; what a call says of its first content counts for nothing then. A manager
   * with a store makes no dict, list, set, namespace, value, array or struct without a name: `TypeError`.
   */
  readonly name?: string | undefined;
}

/** What `Manager.barrier` takes. */
export interface SharedBarrierOptions extends SharedOptions {
  /** As for {@linkcode Barrier}. */
  readonly timeoutMs?: number | undefined;
}

const SHARED_OPTIONS: OptionNames<SharedOptions> = { name: true };
const SHARED_BARRIER_OPTIONS: OptionNames<SharedBarrierOptions> = { ...SHARED_OPTIONS, timeoutMs: true };

/**
 * A handle to a manager: a supervisor that owns shared state, which outlives the children that use it. (Python's
 * `multiprocessing.Manager`, whose objects are dead for ever once its process is.)
 *
 * - **Objects** live where the manager lives. Their handles can be sent anywhere. One without a name lives while anybody
 *   has a handle to it, or it lies in another object; one with a name as long as the manager.
 * - **Nesting**: a handle is a value. What is changed through a handle that lies in a dict is changed for all.
 * - **Death of a user** harms nothing: its locks are released, its waits withdrawn, an `update` that it was in the middle
 *   of has not happened.
 * - **Death of the manager**: pending and later calls reject with `ActorExitedError` within 1 s; those of queues, locks
 *   and other channels with `DisconnectedError`. Under a supervisor ({@linkcode manager}) it comes back, and handles to
 *   named objects find the new ones: empty, unless they are kept in a `store`.
 * - **Store**: a write that resolved is on disk, and so is what was read. It survives `kill -9` of the program and loss of
 *   power. What many write at the same time is written at once. Dicts, lists, sets, namespaces, values, arrays and
 *   structs are kept, by their names and without handles in them; one without a name is refused. Queues and locks are
 *   made, and not kept. When the disk refuses, the manager ends.
 *
 * @example Two names for one dict
 * ```ts
 * import { manage } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using manager = await manage({}, { placement: "inline" });
 * const ages = await manager.dict<string, number>({ name: "ages" });
 * await ages.set("Ada", 36);
 * const same = await manager.dict<string, number>({ name: "ages" });
 * assertEquals(await same.get("Ada"), 36);
 * ```
 */
export interface Manager<C extends Children = Children> extends Supervisor<C> {
  /** A dict. */
  dict<K extends Key, V>(options?: SharedOptions): Promise<SharedDict<K, V>>;
  /** A list. */
  list<T>(options?: SharedOptions): Promise<SharedList<T>>;
  /** A set. */
  set<T extends Key>(options?: SharedOptions): Promise<SharedSet<T>>;
  /** Named values of different types. */
  namespace<T extends object>(options?: SharedOptions): Promise<Namespace<T>>;
  /** A number. With a store its memory is shared with nobody, since every write goes to disk. */
  value<K extends NumberKind>(kind: K, initial?: Numeric<K>, options?: SharedOptions): Promise<SharedValue<K>>;
  /** Numbers, as many as `lengthOrValues` says; see `value`. */
  array<K extends NumberKind>(
    kind: K,
    lengthOrValues: number | Iterable<Numeric<K>>,
    options?: SharedOptions,
  ): Promise<SharedArray<K>>;
  /** Records of numbers, as many as `lengthOrRecords` says; see `value`. */
  struct<D extends StructFields>(
    fields: D,
    lengthOrRecords: number | Iterable<StructRecord<D>>,
    options?: SharedOptions,
  ): Promise<SharedStruct<D>>;
  /** A queue. */
  queue<T>(options?: QueueOptions & SharedOptions): Promise<Queue<T>>;
  /** A queue that knows when all work is done. */
  joinableQueue<T>(options?: JoinableQueueOptions & SharedOptions): Promise<JoinableQueue<T>>;
  /** A lock. */
  lock(options?: SharedOptions): Promise<Lock>;
  /** A lock that its owner can take again. */
  rlock(options?: SharedOptions): Promise<RLock>;
  /** A semaphore, with 1 permit when left out. */
  semaphore(permits?: number, options?: SharedOptions): Promise<Semaphore>;
  /** A semaphore that never has more permits than at first. */
  boundedSemaphore(permits?: number, options?: SharedOptions): Promise<BoundedSemaphore>;
  /** A condition, with a re-entrant lock of its own. */
  condition(options?: SharedOptions): Promise<Condition>;
  /** A flag to wait for. */
  eventFlag(options?: SharedOptions): Promise<EventFlag>;
  /** A place where `parties` wait for each other. */
  barrier(parties: number, options?: SharedBarrierOptions): Promise<Barrier>;
  /**
   * A pool, whose workers are the manager's: they outlive its users. A caller with fewer permissions than the manager, or
   * in another program, can find a pool by its name and make none: `TypeError`.
   */
  pool(options?: SharedPoolOptions & SharedOptions): Promise<Pool>;
  /**
   * Makes an instance of a registered class, which lives where the manager lives and is shared by all who have the ref.
   * (Python's `manager.Maths()` after `BaseManager.register`.)
   *
   * - **Calls** are handled one at a time, as those of any actor.
   * - **Life**: whoever has the ref holds the instance: the caller, and all who received it. When the last of them has
   *   disposed of it, or died, or let it be collected, the instance handles what was sent to it, and ends. A call that is
   *   under way holds it, too, as does a {@linkcode watch}.
   * - **Death**: it ends with the manager, and does not come back with it: calls reject with `ActorExitedError`. For
   *   an actor that comes back give the manager a child.
   * - **Permissions**: for a sandbox or another program the manager makes only instances of what its option `classes`
   *   names; the class is then found by its name alone, so that another program may register a stub.
   *
   * @throws {TypeError} If the class is not registered, or the caller may not choose it.
   * @throws {NotSerializableError} If an argument cannot travel.
   * @throws {StartError} If the module cannot be imported there, or the constructor or `onStart` throws: see `cause`.
   *
   * @example One counter for all
   * ```ts
   * import { actor, manage } from "@troupe/troupe";
   * import { assertEquals } from "@std/assert";
   *
   * class Counter {
   *   constructor(private n: number) {}
   *   add(by: number): number {
   *     return this.n += by;
   *   }
   * }
   * actor(import.meta.url, Counter);
   *
   * await using manager = await manage({}, { placement: "inline" });
   * await using counter = await manager.make(Counter, [40]);
   * assertEquals(await counter.call.add(2), 42);
   * ```
   */
  make<D extends ActorClass>(Class: D, ...args: MakeArgs<D>): Promise<Ref<InstanceType<D>>>;
  /**
   * Lets others find an instance of a {@linkcode shareable} class by a name, and call its methods. It stays where it is,
   * and is an actor of the caller's from now on: it ends with the caller.
   *
   * @throws {TypeError} If the class is not shareable.
   * @throws {Deno.errors.AlreadyExists} If another instance has the name.
   */
  share<T extends object>(name: string, instance: T): Promise<Ref<T>>;
  /**
   * The instance that somebody shares under a name.
   *
   * @throws {Deno.errors.NotFound} If there is none.
   */
  shared<T>(name: string): Promise<Ref<T>>;
  /**
   * Lets other programs that have the key use this manager, by {@linkcode connectManager}: they can do what whoever has
   * its handle can. Goes on until the listener is closed, or the actor that called this has ended.
   *
   * @throws {TypeError} If there is no key.
   */
  serve(address: SocketAddress | undefined, options: ListenOptions): Promise<Listener>;
}

/** The arguments of a class; they may be left out where it needs none. */
export type MakeArgs<D extends ActorClass> = [] extends ConstructorParameters<D>
  ? [args?: Readonly<ConstructorParameters<D>>]
  : [args: Readonly<ConstructorParameters<D>>];

/** A manager, wherever it is. */
export class ManagerHandle extends SupervisorHandle implements Manager {
  readonly #ref: Ref<ManagerActor>;

  constructor(ref: Ref<ManagerActor>, refs: Readonly<Record<string, object>>) {
    super(ref as unknown as ConstructorParameters<typeof SupervisorHandle>[0], refs, "manager");
    this.#ref = ref;
  }

  dict<K extends Key, V>(options?: SharedOptions): Promise<SharedDict<K, V>> {
    return this.#object("dict", [], options);
  }

  list<T>(options?: SharedOptions): Promise<SharedList<T>> {
    return this.#object("list", [], options);
  }

  set<T extends Key>(options?: SharedOptions): Promise<SharedSet<T>> {
    return this.#object("set", [], options);
  }

  namespace<T extends object>(options?: SharedOptions): Promise<Namespace<T>> {
    return this.#object("namespace", [], options);
  }

  value<K extends NumberKind>(kind: K, initial?: Numeric<K>, options?: SharedOptions): Promise<SharedValue<K>> {
    return this.#object("value", [kind, initial], options);
  }

  array<K extends NumberKind>(
    kind: K,
    lengthOrValues: number | Iterable<Numeric<K>>,
    options?: SharedOptions,
  ): Promise<SharedArray<K>> {
    return this.#object("array", [kind, listed(lengthOrValues)], options);
  }

  struct<D extends StructFields>(
    fields: D,
    lengthOrRecords: number | Iterable<StructRecord<D>>,
    options?: SharedOptions,
  ): Promise<SharedStruct<D>> {
    return this.#object("struct", [fields, listed(lengthOrRecords)], options);
  }

  async queue<T>(options: QueueOptions & SharedOptions = {}): Promise<Queue<T>> {
    const { name, ...rest } = checkOptions("make a queue", options, { ...QUEUE_OPTIONS, ...SHARED_OPTIONS });
    return await this.#object("queue", [rest], { name });
  }

  async joinableQueue<T>(options: JoinableQueueOptions & SharedOptions = {}): Promise<JoinableQueue<T>> {
    const known = { ...JOINABLE_QUEUE_OPTIONS, ...SHARED_OPTIONS };
    const { name, ...rest } = checkOptions("make a queue", options, known);
    return await this.#object("joinableQueue", [rest], { name });
  }

  lock(options?: SharedOptions): Promise<Lock> {
    return this.#object("lock", [], options);
  }

  rlock(options?: SharedOptions): Promise<RLock> {
    return this.#object("rlock", [], options);
  }

  semaphore(permits: number = 1, options?: SharedOptions): Promise<Semaphore> {
    return this.#object("semaphore", [permits], options);
  }

  boundedSemaphore(permits: number = 1, options?: SharedOptions): Promise<BoundedSemaphore> {
    return this.#object("boundedSemaphore", [permits], options);
  }

  condition(options?: SharedOptions): Promise<Condition> {
    return this.#object("condition", [], options);
  }

  eventFlag(options?: SharedOptions): Promise<EventFlag> {
    return this.#object("eventFlag", [], options);
  }

  async barrier(parties: number, options: SharedBarrierOptions = {}): Promise<Barrier> {
    const { name, ...rest } = checkOptions("make a barrier", options, SHARED_BARRIER_OPTIONS);
    return await this.#object("barrier", [parties, rest], { name });
  }

  async pool(options: SharedPoolOptions & SharedOptions = {}): Promise<Pool> {
    const { name, ...rest } = checkOptions("make a pool", options, { ...SHARED_POOL_OPTIONS, ...SHARED_OPTIONS });
    return await this.#object("pool", [rest], { name });
  }

  async make<D extends ActorClass>(Class: D, ...given: MakeArgs<D>): Promise<Ref<InstanceType<D>>> {
    const { kind, moduleUrl, name } = registrationOf("make an instance", Class);
    const action = `make a ${name}`;
    const [args = []] = given as [unknown[]?];
    if (kind !== "actor") throw new TypeError(`Cannot ${action}: it is a task, start it with spawn()`);
    checkArgs(action, args);
    const { call } = this.#ref.with({ timeoutMs: Infinity });
    const voucher = Voucher.for(classWish({ moduleUrl, name }), contactBehind(this.#ref)!.actor);
    const asked = call.make({ moduleUrl, name }, args, voucher);
    return await unlessEnded(contactBehind(this.#ref)!, action, asked) as unknown as Ref<InstanceType<D>>;
  }

  async serve(address: SocketAddress | undefined, options: ListenOptions): Promise<Listener> {
    const { offer } = await outside(() => import("../../channels/remote/offer.ts"));
    return await offer(this, address, options);
  }

  async share<T extends object>(name: string, instance: T): Promise<Ref<T>> {
    checkName("share an instance", name);
    const ref = await serveInstance(name, instance);
    try {
      const asked = this.#ref.call.publish(name, ref as unknown as Ref);
      await unlessEnded(contactBehind(this.#ref)!, `share "${name}"`, asked);
      return ref;
    } catch (error) {
      await ref.stop();
      throw error;
    }
  }

  async shared<T>(name: string): Promise<Ref<T>> {
    checkName("find a shared instance", name);
    const action = `find the shared instance "${name}"`;
    return await unlessEnded(contactBehind(this.#ref)!, action, this.#ref.call.published(name)) as unknown as Ref<T>;
  }

  static {
    inspectAs(this, ({ refs, alive }) => `Manager(${[...Object.keys(refs), alive ? "alive" : "ended"].join(", ")})`);
  }

  /** Asks the manager, however long that takes: it always answers, or ends. */
  async #object<K extends ObjectKind>(kind: K, args: ObjectArgs[K], options: SharedOptions = {}): Promise<never> {
    const { name } = checkOptions(`make a ${kind}`, options, SHARED_OPTIONS);
    if (name !== undefined) checkName(`make a ${kind}`, name);
    const voucher = kind === "pool" ? Voucher.for(poolWish(name, args), contactBehind(this.#ref)!.actor) : undefined;
    const { call } = this.#ref.with({ timeoutMs: Infinity });
    const asked = name === undefined ? call.object(kind, name, args, voucher) : call.named(kind, name, args, voucher);
    return await unlessEnded(contactBehind(this.#ref)!, `make a ${kind}`, asked) as never;
  }
}

/** Lists the items of an iterable, which cannot travel itself; gives back anything else as it is. */
function listed<T>(lengthOrItems: number | Iterable<T>): number | T[] {
  return typeof lengthOrItems === "object" && lengthOrItems !== null ? [...lengthOrItems] : lengthOrItems;
}

handleKind("manager", {
  leased: false,
  revive(passage, _imported, _holder, parts) {
    const ref = makeRef(contactFrom(passage)) as unknown as Ref<ManagerActor>;
    return new ManagerHandle(ref, refsFrom(passage, parts));
  },
});
