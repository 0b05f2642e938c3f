import { checkMs } from "../../channels/argument.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { checkOptions, type OptionNames } from "../../channels/kernel/options.ts";
import { expected, isList, isText, startsWith, withFields } from "../../channels/kernel/shape.ts";
import { brief } from "../../channels/kernel/show.ts";
import { makeRef } from "../actor_ref.ts";
import { currentActor } from "../context.ts";
import { type Definition, type RegisteredName, registrationOf } from "../definition.ts";
import { processFrom } from "../process.ts";
import type { ArgsThenOptions, Handle, StartArgs } from "../spawn.ts";
import { planOf, SPAWN_OPTIONS, type SpawnOptions } from "../spawn_options.ts";
import { Place } from "./place.ts";
import { PlaceControl } from "./place_control.ts";
import type { AutoShutdown, RestartType } from "./restart_policy.ts";

/** How a supervisor keeps a child. */
export interface RestartOptions {
  /**
   * When it is started again: always (`"permanent"`, when left out), after an abnormal end (`"transient"`: not when it
   * was done, was stopped, or exited with 0), or never (`"temporary"`, not with others of a group either).
   */
  readonly restart?: RestartType | undefined;
  /** Milliseconds that it may take to stop before it is killed; 5000 when left out, for ever for a supervisor. */
  readonly shutdownMs?: number | undefined;
  /** Whether its end, when it does not come back, may end its supervisor: see `autoShutdown`. */
  readonly significant?: boolean | undefined;
}

/** The names of `RestartOptions`. */
export const RESTART_OPTIONS: OptionNames<RestartOptions> = { restart: true, shutdownMs: true, significant: true };

/** What `child` takes: what `spawn` takes, and how the child is kept. */
export interface ChildOptions extends Omit<SpawnOptions, "signal" | "daemon">, RestartOptions {}

const { signal: _signal, daemon: _daemon, ...OF_SPAWN } = SPAWN_OPTIONS;

const CHILD_OPTIONS: OptionNames<ChildOptions> = { ...OF_SPAWN, ...RESTART_OPTIONS };

/** A child that a supervisor will start. */
export interface Child<H = unknown> {
  /** A handle to it, good in all its lives and before the first: what is sent early waits. */
  readonly ref: H;
  /** How it is to be started and kept. */
  readonly options: ChildOptions;
}

/** What a supervisor needs to know to start a child, wherever the supervisor is. */
export interface ChildSpec {
  readonly kind: "actor" | "task";
  readonly moduleUrl: string;
  readonly definition: string;
  readonly args: readonly unknown[];
  readonly options: ChildOptions;
  readonly control: PlaceControl;
}

/** A child as its describer knows it. */
export interface Described {
  readonly spec: ChildSpec;
  readonly place: Place;
  /** Whether a supervisor was given it. */
  supervised: boolean;
}

/** A child's definition and rights as one text. Two children have the same text only if they have both in common. */
export function definitionOf({ kind, moduleUrl, definition, options }: Omit<ChildSpec, "args" | "control">): string {
  const { placement = "thread", permissions, env, denoArgs, maxHeapMb, quota } = options;
  const rights = [placement, permissions, env, denoArgs, maxHeapMb, quota];
  return encode([kind, moduleUrl, definition, rights], "options").toBase64();
}

const described = new WeakMap<object, Described>();
const RESTARTS: readonly string[] = ["permanent", "transient", "temporary"];

/**
 * Describes a child for a supervisor to start, and start again. (OTP's child specification.) Its `ref` may be given to its
 * siblings at once.
 *
 * @param definition a class registered by `actor`, or a function registered by `task`
 * @param rest the arguments of the constructor or function, as an array, which each life gets anew, and options
 * @returns what {@linkcode supervise} takes; it can have one supervisor
 * @throws {TypeError} If the definition is not registered or an option has the wrong type.
 *
 * @example Keep an actor alive
 * ```ts
 * import { actor, child, supervise } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * class Counter {
 *   #n = 0;
 *   add(by: number): number {
 *     return this.#n += by;
 *   }
 * }
 * actor(import.meta.url, Counter);
 *
 * const counter = child(Counter, [], { placement: "inline", restart: "permanent" });
 * await using app = await supervise({ counter });
 * assertEquals(await app.refs.counter.call.add(1), 1);
 * ```
 */
export function child<D extends Definition>(
  definition: D,
  ...rest: ArgsThenOptions<StartArgs<D>, ChildOptions>
): Child<Handle<D>> {
  const [args = [], options = {}] = rest as unknown as [unknown[]?, ChildOptions?];
  const registration = registrationOf("describe a child", definition);
  checkOptions(`describe a child of ${registration.name}`, options, CHILD_OPTIONS);
  return describeChild(registration, args, options, (place, kind) => {
    const handle = kind === "task" ? processFrom(place.contact, true, undefined) : makeRef(place.contact);
    return handle as unknown as Handle<D>;
  });
}

/** The same with another face for its ref, and for options whose names were checked. */
export function describeChild<H>(
  registration: RegisteredName,
  args: readonly unknown[],
  options: ChildOptions,
  face: (place: Place, kind: "actor" | "task") => H,
): Child<H> {
  const action = `describe a child of ${registration.name}`;
  if (!Array.isArray(args)) throw new TypeError(`Cannot ${action}: the arguments must be an array`);
  checkRestartOptions(action, options);
  const parent = currentActor();
  const base = { registration, name: registration.name, path: parent.plan.path, daemon: true, holder: parent.holder };
  const plan = planOf(action, base, options);
  const { kind, moduleUrl, name } = registration;
  const place = new Place(plan.name, plan.placement, kind);
  const child: Child<H> = { ref: face(place, kind), options };
  const what = { kind, moduleUrl, definition: name, options };
  const spec = { ...what, args: [...args], control: PlaceControl.of(place) };
  described.set(child, { spec, place, supervised: false });
  return child;
}

/**
 * Looks at a child that a supervisor is to be given.
 *
 * @throws {TypeError} If it is no child, or has a supervisor already.
 */
export function describedAs(action: string, name: string, child: unknown): Described {
  const known = typeof child === "object" && child !== null ? described.get(child) : undefined;
  if (known === undefined) {
    throw new TypeError(`Cannot ${action}: "${name}" is not described by child() or supervisor()`);
  }
  if (known.supervised && known.place.exit === undefined) {
    throw new TypeError(`Cannot ${action}: "${name}" has a supervisor already`);
  }
  return known;
}

const isNamedSpec = startsWith(
  isText,
  withFields<ChildSpec>({
    kind: (value): value is ChildSpec["kind"] => value === "actor" || value === "task",
    moduleUrl: isText,
    definition: isText,
    args: isList,
    options: withFields({}),
    control: (value): value is PlaceControl => value instanceof PlaceControl,
  }),
);

/**
 * Looks at a child that a message asks a supervisor to add.
 *
 * @throws {ProtocolError} If it is none.
 * @throws {TypeError} If it cannot be kept so.
 */
export function checkSpec(name: string, spec: ChildSpec): void {
  expected("a request to add a child", [name, spec], isNamedSpec);
  checkRestartOptions(`add ${brief(name)}`, spec.options);
}

/** @throws {TypeError} If a child is significant where that means nothing. */
export function checkSignificance(
  action: string,
  name: string,
  { options }: ChildSpec,
  autoShutdown: AutoShutdown,
): void {
  if (!options.significant || autoShutdown !== "never") return;
  throw new TypeError(
    `Cannot ${action}: ${brief(name)} is significant, which means nothing while autoShutdown is "never"`,
  );
}

function checkRestartOptions(action: string, options: RestartOptions): void {
  const { restart = "permanent", shutdownMs, significant = false } = options;
  if (!RESTARTS.includes(restart)) {
    throw new TypeError(
      `Cannot ${action}: restart must be one of ${RESTARTS.join(", ")}, not ${brief(restart)}`,
    );
  }
  if (shutdownMs !== undefined) checkMs(action, "shutdownMs", shutdownMs);
  if (typeof significant !== "boolean") throw new TypeError(`Cannot ${action}: significant must be a boolean`);
  if (significant && restart === "permanent") {
    throw new TypeError(`Cannot ${action}: a permanent child cannot be significant, since it always comes back`);
  }
}
