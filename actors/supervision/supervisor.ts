import { QuotaError } from "../../channels/errors.ts";
import { type Exit, exitFrom } from "../../channels/exit.ts";
import { outside } from "../../channels/kernel/acting.ts";
import { enroll, handleKind, type Passage } from "../../channels/kernel/handle.ts";
import { inspectAs } from "../../channels/kernel/inspect.ts";
import { isA } from "../../channels/kernel/look.ts";
import { checkOptions, type OptionNames } from "../../channels/kernel/options.ts";
import { expected, isAnything, isCount, isText, listOf, startsWith, withFields } from "../../channels/kernel/shape.ts";
import { brief } from "../../channels/kernel/show.ts";
import { Queue } from "../../channels/queue.ts";
import { endingSource, selectable } from "../../channels/source.ts";
import { contactBehind, contactFrom, contactPassage, isChild, makeRef } from "../actor_ref.ts";
import { type PlacementName, standsFor } from "../contact.ts";
import { definedLater } from "../definition.ts";
import { graceOf } from "../grace.ts";
import { ISOLATE_OPTIONS, type IsolateOptions } from "../isolate_options.ts";
import { handleSignals } from "../program_signals.ts";
import type { Ref, StopOptions } from "../ref.ts";
import { spawn } from "../spawn.ts";
import {
  checkSignificance,
  type Child,
  type ChildSpec,
  definitionOf,
  describeChild,
  describedAs,
  RESTART_OPTIONS,
  type RestartOptions,
} from "./child.ts";
import type { Place } from "./place.ts";
import { type AutoShutdown, type BackoffOptions, budgetOf, type Strategy } from "./restart_policy.ts";
import type { SupervisorActor, SupervisorEvent, SupervisorPlan } from "./supervisor_actor.ts";
import { Voucher } from "./voucher.ts";

/** The children of a supervisor, each under its name. */
export type Children = Readonly<Record<string, Child>>;

/** The handles of a supervisor's children. */
export type Refs<C> = { readonly [K in keyof C]: C[K] extends Child<infer H> ? H : never };

/** What `supervise` takes; what concerns a thread or subprocess is about the supervisor's own. */
export interface SuperviseOptions extends IsolateOptions {
  /** Which children are restarted along with one that ended; `"one-for-one"`, it alone, when left out. */
  readonly strategy?: Strategy | undefined;
  /** So many restarts within `withinMs` are allowed; 3 when left out. */
  readonly maxRestarts?: number | undefined;
  /** Milliseconds; 5000 when left out. */
  readonly withinMs?: number | undefined;
  /** How long to wait before a restart; not at all when left out. With it, failures in a row count as well. */
  readonly backoff?: BackoffOptions | undefined;
  /** Whether the supervisor ends when any, or the last, significant child has ended; `"never"` when left out. */
  readonly autoShutdown?: AutoShutdown | undefined;
  /** Whether Ctrl-C, SIGTERM and SIGHUP stop the program's tree in order; false when left out. */
  readonly signals?: boolean | undefined;
  /** How people read it. */
  readonly name?: string | undefined;
  /** Where the supervisor lives; `"inline"` when left out. Its children say for themselves. */
  readonly placement?: PlacementName | undefined;
}

/** The names of `SuperviseOptions`. */
export const SUPERVISE_OPTIONS: OptionNames<SuperviseOptions> = {
  ...ISOLATE_OPTIONS,
  strategy: true,
  maxRestarts: true,
  withinMs: true,
  backoff: true,
  autoShutdown: true,
  signals: true,
  name: true,
  placement: true,
};

/**
 * A handle to a supervisor and its children.
 *
 * - **Refs** keep working across restarts, wherever they have travelled. Calls in flight at a crash reject (or are sent
 *   again, `retries`); what is sent while the child is down waits, up to 1000 messages, then is a dead letter. The message
 *   that crashed it is not given again.
 * - **Disposal** stops the supervisor, if done by who started it.
 */
export interface Supervisor<C extends Children = Children> extends AsyncDisposable {
  /** The children's handles. */
  readonly refs: Refs<C>;
  /**
   * Adds a child and starts it. Rejects with `TypeError` if the name is taken, with `StartError` if the child cannot
   * start; it is not added then. A caller with fewer permissions than the supervisor, or in another program, can add one
   * more of what the supervisor has been given by others, with the same placement and permissions, and else gets
   * `TypeError`. A supervisor that is itself started again knows nothing of what was added.
   */
  add<H>(name: string, child: Child<H>): Promise<H>;
  /** Stops a child and forgets it. Rejects with `TypeError` if there is none of that name. */
  remove(name: string): Promise<void>;
  /**
   * Stops a child, if it lives, and starts it again, at once if it waits for that; this does not count against the budget,
   * and no call is lost to it. Rejects with `StartError` if it cannot start, which counts as a failure like others.
   */
  restart(name: string): Promise<void>;
  /** What happens from the time of iterating on. They end with the supervisor, after the last of them. */
  readonly events: AsyncIterable<SupervisorEvent>;
  /** False once it is known to have ended. */
  readonly alive: boolean;
  /** How it ended, once it has; with `RestartLimitError` when it gave up. Never rejects. */
  readonly exited: Promise<Exit>;
  /**
   * Stops the children, the last started first, and then itself; each child within its `shutdownMs`, and all within
   * `graceMs`, for which there is no bound when left out. One elsewhere whose event loop does not answer for 5 s meanwhile
   * is killed, with all below it.
   */
  stop(options?: StopOptions): Promise<Exit>;
  /** Ends it and its children at once. */
  kill(): Promise<Exit>;
}

const SUPERVISOR = definedLater(
  import.meta.resolve("./supervisor_actor.ts"),
  "SupervisorActor",
  () => import("./supervisor_actor.ts"),
);

const STRATEGIES: readonly string[] = ["one-for-one", "one-for-all", "rest-for-one"];
/** An observer who reads too slowly misses events beyond this number. */
const MAX_UNREAD = 1000;
const SHUTDOWNS: readonly string[] = ["never", "any-significant", "all-significant"];

/** A supervisor, wherever it is. */
export class SupervisorHandle implements Supervisor {
  readonly refs: Readonly<Record<string, never>>;
  readonly #ref: Ref<SupervisorActor>;

  /** @param kind as what it travels */
  constructor(ref: Ref<SupervisorActor>, refs: Readonly<Record<string, object>>, kind: string = "supervisor") {
    this.#ref = ref;
    this.refs = refs as Readonly<Record<string, never>>;
    const contact = contactBehind(ref)!;
    enroll(this, () => contactPassage(kind, contact, Object.keys(refs)), Object.values(refs));
    standsFor(this, contact);
    selectable(this, endingSource(() => contact.exited, () => contact.look()));
  }

  get alive(): boolean {
    return this.#ref.alive;
  }

  get exited(): Promise<Exit> {
    return this.#ref.exited;
  }

  get events(): AsyncIterable<SupervisorEvent> {
    return { [Symbol.asyncIterator]: () => this.#observe() };
  }

  async add<H>(name: string, child: Child<H>): Promise<H> {
    const added = describedAs(`add "${name}"`, name, child);
    added.supervised = true;
    try {
      const voucher = Voucher.for(definitionOf(added.spec), contactBehind(this.#ref)!.actor);
      await this.#patient.add(name, added.spec, voucher);
    } catch (error) {
      added.place.over();
      throw error;
    }
    return child.ref;
  }

  async remove(name: string): Promise<void> {
    await this.#patient.remove(name);
  }

  async restart(name: string): Promise<void> {
    await this.#patient.restart(name);
  }

  async stop(options?: StopOptions): Promise<Exit> {
    return await this.#ref.stop({ graceMs: graceOf(`stop ${this.#ref.name}`, options, Infinity) });
  }

  async kill(): Promise<Exit> {
    return await this.#ref.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (isChild(contactBehind(this.#ref)!)) await this.stop();
  }

  static {
    inspectAs(
      this,
      (supervisor) => `Supervisor(${Object.keys(supervisor.refs).join(", ")}; ${brief(supervisor.#ref)})`,
    );
  }

  /** The events are there to be read also when the supervisor, which they then end with, is gone. */
  #observe(): AsyncIterableIterator<SupervisorEvent> {
    const events = new Queue<SupervisorEvent>({ maxSize: MAX_UNREAD });
    const id = crypto.randomUUID();
    // At once, since what is done next may be what is to be observed.
    const observed = this.#patient.observe(id, events);
    const bound = events.producer().then((end) => {
      using _ours = end;
      return this.#patient.bind(id, end);
    });
    let refusal: QuotaError | undefined;
    Promise.all([observed, bound]).catch((error) => {
      if (isA(error, QuotaError)) refusal = error;
      return events.close();
    });
    return readAll(events, () => refusal);
  }

  /** Starting and stopping a child has time limits of its own. */
  get #patient(): Ref<SupervisorActor>["call"] {
    return this.#ref.with({ timeoutMs: Infinity }).call;
  }
}

async function* readAll(
  events: Queue<SupervisorEvent>,
  refusal: () => QuotaError | undefined,
): AsyncGenerator<SupervisorEvent> {
  try {
    for await (const told of events) {
      const event = eventFrom(told);
      if (event !== undefined) yield event;
    }
    const refused = refusal();
    if (refused !== undefined) throw refused;
  } finally {
    await events.close();
  }
}

/** The event that a value from a supervisor elsewhere tells of; undefined if it tells of none. */
function eventFrom(value: unknown): SupervisorEvent | undefined {
  if (!isEvent(value)) return undefined;
  const { type, child, exit: end, restarts } = value;
  if (type === "started" || type === "restarted") return { type, child };
  if (type === "gave-up") return isCount(restarts) ? { type, child, restarts } : undefined;
  const exit = exitFrom(end);
  return exit && { type, child, exit };
}

const TYPES: readonly unknown[] = ["started", "restarted", "exited", "gave-up"] satisfies SupervisorEvent["type"][];
const isEvent = withFields<{ type: SupervisorEvent["type"]; child: string; exit: unknown; restarts: unknown }>({
  type: (value): value is SupervisorEvent["type"] => TYPES.includes(value),
  child: isText,
  exit: isAnything,
  restarts: isAnything,
});

/** The handles that travelled with that of a supervisor, by their names. */
export function refsFrom({ meta }: Passage, parts: readonly object[]): Record<string, object> {
  const shape = startsWith(isAnything, isAnything, listOf(isText));
  const [, , names] = expected("a handle to a supervisor", meta, shape);
  return Object.fromEntries(parts.map((part, at) => [names[at], part]));
}

handleKind("supervisor", {
  leased: false,
  revive(passage, _imported, _holder, parts) {
    const ref = makeRef(contactFrom(passage)) as unknown as Ref<SupervisorActor>;
    return new SupervisorHandle(ref, refsFrom(passage, parts));
  },
});

/**
 * Starts children in order and keeps them alive.
 *
 * - **Restarts**: when a child ends, its `restart` says whether it comes back, and the strategy which others are restarted
 *   with it. (OTP's semantics, where nothing else is said.)
 * - **Limits**: more than `maxRestarts` within `withinMs` and the supervisor gives up: everything stops, `exited` has
 *   reason `"error"` with {@linkcode RestartLimitError}, and a supervisor above sees a failed child.
 * - **Stopping** is in reverse order, each child within its `shutdownMs`.
 *
 * @param children described by {@linkcode child} or {@linkcode supervisor}
 * @returns once all have started
 * @throws {StartError} If one cannot start; those before it have been stopped then, the last first.
 * @throws {TypeError} If something is no child or an option has the wrong type.
 *
 * @example A crash, and the answer still comes
 * ```ts
 * import { actor, child, supervise } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * class Fragile {
 *   break(): never {
 *     throw new Error("broken");
 *   }
 *   answer(): number {
 *     return 42;
 *   }
 * }
 * actor(import.meta.url, Fragile);
 *
 * await using app = await supervise({ fragile: child(Fragile, [], { placement: "inline" }) });
 * app.refs.fragile.cast.break();
 * assertEquals(await app.refs.fragile.with({ retries: 1 }).call.answer(), 42);
 * ```
 */
export async function supervise<const C extends Children>(
  children: C,
  options: SuperviseOptions = {},
): Promise<Supervisor<C>> {
  checkOptions("supervise", options, SUPERVISE_OPTIONS);
  const { args, refs, places } = supervisorPlan("supervise", children, options, false);
  const { name = "supervisor", placement = "inline", signals } = options;
  const start = async () => {
    const { SupervisorActor } = await outside(() => import("./supervisor_actor.ts"));
    return await spawn(SupervisorActor, args, { name, placement, ...isolateOptionsOf(options) });
  };
  const ref = await startSupervisor("supervise", start, places, signals);
  return new SupervisorHandle(ref, refs) as unknown as Supervisor<C>;
}

/**
 * Describes a supervisor as a child of another one.
 *
 * @throws {TypeError} If something is no child or an option has the wrong type.
 *
 * @example A group that restarts together
 * ```ts
 * import { actor, child, supervise, supervisor } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * class Echo {
 *   say(text: string): string {
 *     return text;
 *   }
 * }
 * actor(import.meta.url, Echo);
 *
 * const inner = supervisor({ echo: child(Echo, [], { placement: "inline" }) }, { strategy: "one-for-all" });
 * await using app = await supervise({ inner });
 * assertEquals(await app.refs.inner.refs.echo.call.say("hi"), "hi");
 * ```
 */
export function supervisor<const C extends Children>(
  children: C,
  options: SuperviseOptions & RestartOptions = {},
): Child<Supervisor<C>> {
  checkOptions("describe a supervisor", options, { ...SUPERVISE_OPTIONS, ...RESTART_OPTIONS });
  const { args, refs, places } = supervisorPlan("describe a supervisor", children, options, true);
  const { name = "supervisor", placement = "inline", restart, shutdownMs = Infinity, significant } = options;
  const childOptions = { name, placement, restart, shutdownMs, significant, ...isolateOptionsOf(options) };
  return describeChild(SUPERVISOR, args, childOptions, (place) => {
    place.below.push(...places);
    const ref = makeRef(place.contact) as unknown as Ref<SupervisorActor>;
    return new SupervisorHandle(ref, refs) as unknown as Supervisor<C>;
  });
}

/**
 * Starts a supervisor. If it cannot start, its children's places are over too.
 *
 * @param signals whether signals stop the program's tree in order, as long as it lives
 */
export async function startSupervisor<T>(
  action: string,
  start: () => Promise<Ref<T>>,
  places: readonly Place[],
  signals: boolean = false,
): Promise<Ref<T>> {
  if (typeof signals !== "boolean") throw new TypeError(`Cannot ${action}: signals must be a boolean`);
  try {
    const ref = await start();
    if (signals) {
      const handling = handleSignals();
      void ref.exited.then(() => handling[Symbol.dispose]());
    }
    return ref;
  } catch (error) {
    for (const place of places) place.over();
    throw error;
  }
}

/** What concerns the isolate of a supervisor. Its children have time limits of their own to start in. */
export function isolateOptionsOf(options: SuperviseOptions): IsolateOptions {
  const { permissions, env, maxHeapMb, denoArgs, quota, startTimeoutMs = Infinity, livenessMs } = options;
  return { permissions, env, maxHeapMb, denoArgs, quota, startTimeoutMs, livenessMs };
}

/** What a supervisor is started with, and the handles of its children. */
export interface PlannedSupervisor {
  readonly args: [(readonly [string, ChildSpec])[], SupervisorPlan];
  readonly refs: Record<string, object>;
  readonly places: readonly Place[];
}

/**
 * What a supervisor is started with, and the handles of its children.
 *
 * @param options of known names
 * @param nested whether a supervisor above it is told when it gives up
 * @throws {TypeError} If something is no child or an option has the wrong type.
 */
export function supervisorPlan(
  action: string,
  children: Children,
  options: SuperviseOptions,
  nested: boolean,
): PlannedSupervisor {
  if (typeof children !== "object" || children === null) {
    throw new TypeError(`Cannot ${action}: the children must be an object`);
  }
  const { strategy = "one-for-one", autoShutdown = "never" } = options;
  if (!STRATEGIES.includes(strategy)) {
    throw new TypeError(
      `Cannot ${action}: strategy must be one of ${STRATEGIES.join(", ")}, not ${brief(strategy)}`,
    );
  }
  if (!SHUTDOWNS.includes(autoShutdown)) {
    throw new TypeError(
      `Cannot ${action}: autoShutdown must be one of ${SHUTDOWNS.join(", ")}, not ${brief(autoShutdown)}`,
    );
  }
  const plan: SupervisorPlan = { strategy, autoShutdown, nested, budget: budgetOf(action, options) };
  const described = Object.entries(children).map(([name, child]) => [name, describedAs(action, name, child)] as const);
  if (new Set(described.map(([, one]) => one)).size < described.length) {
    throw new TypeError(`Cannot ${action}: a child is there under two names`);
  }
  for (const [name, { spec }] of described) checkSignificance(action, name, spec, autoShutdown);
  for (const [, one] of described) one.supervised = true;
  const refs = Object.fromEntries(Object.entries(children).map(([name, { ref }]) => [name, ref as object]));
  const specs = described.map(([name, { spec }]) => [name, spec] as const);
  return { args: [specs, plan], refs, places: described.map(([, { place }]) => place) };
}
