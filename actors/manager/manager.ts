import type { JoinableQueue, JoinableQueueOptions } from "../../channels/joinable_queue.ts";
import { handleKind } from "../../channels/kernel/handle.ts";
import { inspectAs } from "../../channels/kernel/inspect.ts";
import { checkOptions } from "../../channels/kernel/wait.ts";
import type { NumberKind, Numeric } from "../../channels/memory/number_kind.ts";
import type { SharedArray } from "../../channels/memory/shared_array.ts";
import type { SharedValue } from "../../channels/memory/shared_value.ts";
import type { Queue, QueueOptions } from "../../channels/queue.ts";
import type { Barrier } from "../../channels/sync/barrier.ts";
import type { Condition } from "../../channels/sync/condition.ts";
import type { EventFlag } from "../../channels/sync/event_flag.ts";
import type { Lock } from "../../channels/sync/lock.ts";
import type { RLock } from "../../channels/sync/rlock.ts";
import type { BoundedSemaphore, Semaphore } from "../../channels/sync/semaphore.ts";
import { contactBehind, contactFrom, makeRef } from "../actor_ref.ts";
import { handleInterrupt } from "../program.ts";
import type { Ref } from "../ref.ts";
import { spawn } from "../spawn.ts";
import { type Child, type ChildOptions, describeChild } from "../supervision/child.ts";
import {
  type Children,
  orOver,
  type PlannedSupervisor,
  type SuperviseOptions,
  type Supervisor,
  SupervisorHandle,
  supervisorPlan,
} from "../supervision/supervisor.ts";
import type { Key } from "./key.ts";
import { ManagerActor } from "./manager_actor.ts";
import { namedHandle } from "./named.ts";
import type { Namespace } from "./namespace.ts";
import type { ObjectArgs, ObjectKind } from "./object_kinds.ts";
import { serveInstance } from "./shareable.ts";
import type { SharedDict } from "./shared_dict.ts";
import type { SharedList } from "./shared_list.ts";
import type { SharedSet } from "./shared_set.ts";

/** What `manage` takes. */
export interface ManageOptions extends SuperviseOptions {
  /**
   * The path of a file that keeps what the named dicts, lists, sets, namespaces, values and arrays hold. A manager that
   * is started on it again has all of it back. One manager at a time can use it.
   */
  readonly store?: string | undefined;
}

/** What everything that a manager makes takes. */
export interface SharedOptions {
  /** By which a later call finds the same object; what else that call says of it counts for nothing then. */
  readonly name?: string | undefined;
}

/** What `Manager.barrier` takes. */
export interface SharedBarrierOptions extends SharedOptions {
  /** As for {@linkcode Barrier}. */
  readonly timeoutMs?: number | undefined;
}

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
 *   power. What many write at the same time is written at once. Only named dicts, lists, sets, namespaces, values and
 *   arrays are kept, and no handles in them. When the disk refuses, the manager ends.
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
}

class ManagerHandle extends SupervisorHandle implements Manager {
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
    const given = typeof lengthOrValues === "object" && lengthOrValues !== null ? [...lengthOrValues] : lengthOrValues;
    return this.#object("array", [kind, given], options);
  }

  queue<T>(options: QueueOptions & SharedOptions = {}): Promise<Queue<T>> {
    const { maxSize } = checkOptions("make a queue", options);
    return this.#object("queue", [{ maxSize }], options);
  }

  joinableQueue<T>(options: JoinableQueueOptions & SharedOptions = {}): Promise<JoinableQueue<T>> {
    const { maxSize, maxDeliveries } = checkOptions("make a queue", options);
    return this.#object("joinableQueue", [{ maxSize, maxDeliveries }], options);
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

  barrier(parties: number, options: SharedBarrierOptions = {}): Promise<Barrier> {
    const { timeoutMs } = checkOptions("make a barrier", options);
    return this.#object("barrier", [parties, { timeoutMs }], options);
  }

  async share<T extends object>(name: string, instance: T): Promise<Ref<T>> {
    checkName("share an instance", name);
    const ref = await serveInstance(name, instance);
    try {
      await this.#ref.call.publish(name, ref as unknown as Ref);
      return ref;
    } catch (error) {
      await ref.stop();
      throw error;
    }
  }

  async shared<T>(name: string): Promise<Ref<T>> {
    checkName("find a shared instance", name);
    return await this.#ref.call.published(name) as unknown as Ref<T>;
  }

  static {
    inspectAs(this, ({ refs, alive }) => `Manager(${[...Object.keys(refs), alive ? "alive" : "ended"].join(", ")})`);
  }

  /** Asks the manager, however long that takes: it always answers, or ends. */
  async #object<K extends ObjectKind>(kind: K, args: ObjectArgs[K], options: SharedOptions = {}): Promise<never> {
    const { name } = checkOptions(`make a ${kind}`, options);
    if (name !== undefined) checkName(`make a ${kind}`, name);
    const object = await this.#ref.with({ timeoutMs: Infinity }).call.object(kind, name, args) as object;
    if (name === undefined) return object as never;
    return namedHandle(contactBehind(this.#ref)!, [kind, name, args], object) as never;
  }
}

function checkName(action: string, name: unknown): void {
  if (typeof name === "string" && name !== "") return;
  throw new TypeError(`Cannot ${action}: the name must be a string that is not empty, not ${Deno.inspect(name)}`);
}

handleKind("manager", {
  leased: false,
  revive(passage, _imported, _holder, parts) {
    const [, , keys] = passage.meta as [string, string, string[]];
    const refs = Object.fromEntries(keys.map((key, index) => [key, parts[index]]));
    return new ManagerHandle(makeRef(contactFrom(passage)) as unknown as Ref<ManagerActor>, refs);
  },
});

/** While children start, and restart, objects are to be had. */
const CONCURRENCY = Infinity;

/**
 * Starts a manager, in a thread unless an option says otherwise, and its children, if it is given any.
 *
 * @param children what it supervises, as for {@linkcode supervise}
 * @returns once the store is open and all children have started
 * @throws {StartError} If a child cannot start; or if the store is in use, no store, or of a newer format: see `cause`.
 * @throws {TypeError} If something is no child or an option has the wrong type.
 *
 * @example Ten processes share a dict
 * ```ts
 * import { manage, Process, type SharedDict, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * async function note(squares: SharedDict<number, number>, n: number): Promise<void> {
 *   await squares.set(n, n * n);
 * }
 * task(import.meta.url, note);
 *
 * await using manager = await manage({}, { placement: "inline" });
 * const squares = await manager.dict<number, number>();
 * const processes = [1, 2, 3].map((n) => new Process(note, [squares, n], { placement: "inline" }));
 * for (const p of processes) await p.start();
 * for (const p of processes) await p.join();
 * assertEquals(await squares.snapshot(), new Map([[1, 1], [2, 4], [3, 9]]));
 * ```
 */
export async function manage<const C extends Children = Record<never, never>>(
  children?: C,
  options: ManageOptions = {},
): Promise<Manager<C>> {
  const { args, refs, places } = planned("manage", children, options, false);
  const { name = "manager", placement, signals = false } = options;
  if (typeof signals !== "boolean") throw new TypeError("Cannot manage: signals must be a boolean");
  const start = { name, placement, startTimeoutMs: Infinity, concurrency: CONCURRENCY };
  const ref = await orOver(spawn(ManagerActor, args, start), places);
  if (signals) {
    const interrupts = handleInterrupt();
    void ref.exited.then(() => interrupts[Symbol.dispose]());
  }
  return new ManagerHandle(ref, refs) as unknown as Manager<C>;
}

/**
 * Describes a manager as a child of a supervisor, which starts it again when it dies. Handles to its named objects then
 * find the new ones.
 *
 * @throws {TypeError} If something is no child or an option has the wrong type.
 *
 * @example A manager that comes back
 * ```ts
 * import { manager, supervise } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using app = await supervise({ state: manager({}, { placement: "inline" }) });
 * const counts = await app.refs.state.dict<string, number>({ name: "counts" });
 * await counts.set("a", 1);
 * await app.refs.state.kill();
 * assertEquals(await counts.get("a"), undefined); // There is no store: it begins anew.
 * ```
 */
export function manager<const C extends Children = Record<never, never>>(
  children?: C,
  options: ManageOptions & ChildOptions = {},
): Child<Manager<C>> {
  const { args, refs, places } = planned("describe a manager", children, options, true);
  const { name = "manager", placement, restart, shutdownMs = Infinity, significant } = options;
  const start = { startTimeoutMs: Infinity, concurrency: CONCURRENCY };
  return describeChild(
    ManagerActor,
    args,
    { name, placement, restart, shutdownMs, significant, ...start },
    (place) => {
      place.below.push(...places);
      return new ManagerHandle(makeRef(place.contact) as unknown as Ref<ManagerActor>, refs) as unknown as Manager<C>;
    },
  );
}

interface Planned extends Pick<PlannedSupervisor, "places"> {
  readonly args: ConstructorParameters<typeof ManagerActor>;
  readonly refs: Readonly<Record<string, object>>;
}

function planned(action: string, children: Children | undefined, options: ManageOptions, nested: boolean): Planned {
  const { args: [specs, plan], refs, places } = supervisorPlan(action, children ?? {}, options, nested);
  const { store } = options;
  if (store !== undefined && (typeof store !== "string" || store === "")) {
    throw new TypeError(`Cannot ${action}: store must be the path of a file, not ${Deno.inspect(store)}`);
  }
  return { args: [specs, plan, store], refs, places };
}
