import { outside } from "../../channels/kernel/acting.ts";
import { checkOptions, type OptionNames } from "../../channels/kernel/options.ts";
import { brief } from "../../channels/kernel/show.ts";
import { makeRef } from "../actor_ref.ts";
import { type ActorClass, definedLater, registrationOf } from "../definition.ts";
import type { Ref } from "../ref.ts";
import { spawn } from "../spawn.ts";
import { type Child, describeChild, RESTART_OPTIONS, type RestartOptions } from "../supervision/child.ts";
import {
  type Children,
  isolateOptionsOf,
  type PlannedSupervisor,
  startSupervisor,
  SUPERVISE_OPTIONS,
  type SuperviseOptions,
  supervisorPlan,
} from "../supervision/supervisor.ts";
import type { MadeClass, ManagerActor } from "./manager_actor.ts";
import { type Manager, ManagerHandle } from "./manager_handle.ts";
import { NamedHome } from "./named_cell.ts";

/** What `manage` takes; what concerns a thread or subprocess is about the manager's own. */
export interface ManageOptions extends SuperviseOptions {
  /**
   * The path of a file that keeps what the named dicts, lists, sets, namespaces, values, arrays and structs hold. A manager that
   * is started on it again has all of it back. One manager at a time can use it.
   */
  readonly store?: string | undefined;
  /**
   * The classes of which `make` makes instances for sandboxes and other programs, which find one by its name; none when
   * left out. An isolate with the rights of the manager gets instances of any class.
   */
  readonly classes?: readonly ActorClass[] | undefined;
}

const MANAGE_OPTIONS: OptionNames<ManageOptions> = { ...SUPERVISE_OPTIONS, store: true, classes: true };

const MANAGER = definedLater(
  import.meta.resolve("./manager_actor.ts"),
  "ManagerActor",
  () => import("./manager_actor.ts"),
);

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
  checkOptions("manage", options, MANAGE_OPTIONS);
  const { args, refs, places } = planned("manage", children, options, false);
  const { name = "manager", placement, signals } = options;
  const start = async () => {
    const { ManagerActor } = await outside(() => import("./manager_actor.ts"));
    return await spawn(ManagerActor, args, { name, placement, concurrency: CONCURRENCY, ...isolateOptionsOf(options) });
  };
  const ref = await startSupervisor("manage", start, places, signals);
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
  options: ManageOptions & RestartOptions = {},
): Child<Manager<C>> {
  checkOptions("describe a manager", options, { ...MANAGE_OPTIONS, ...RESTART_OPTIONS });
  const { args, refs, places } = planned("describe a manager", children, options, true);
  const home = new NamedHome();
  const { name = "manager", placement, restart, shutdownMs = Infinity, significant } = options;
  const start = { concurrency: CONCURRENCY, ...isolateOptionsOf(options) };
  return describeChild(
    MANAGER,
    [...args, home],
    { name, placement, restart, shutdownMs, significant, ...start },
    (place) => {
      place.below.push(...places);
      home.belongTo(place.contact);
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
    throw new TypeError(`Cannot ${action}: store must be the path of a file, not ${brief(store)}`);
  }
  return { args: [specs, plan, store, classesOf(action, options.classes)], refs, places };
}

function classesOf(action: string, classes: unknown = []): MadeClass[] {
  if (!Array.isArray(classes)) throw new TypeError(`Cannot ${action}: classes must be an array, not ${brief(classes)}`);
  const found = classes.map((Class) => registrationOf(action, Class));
  for (const [at, { kind, name }] of found.entries()) {
    if (kind !== "actor") throw new TypeError(`Cannot ${action}: classes has ${name}, which is a task`);
    if (found.findIndex((other) => other.name === name) < at) {
      throw new TypeError(`Cannot ${action}: classes has two that are named ${name}`);
    }
  }
  return found.map(({ moduleUrl, name }) => ({ moduleUrl, name }));
}
