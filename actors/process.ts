import { ClosedError, TimeoutError } from "../channels/errors.ts";
import type { Exit } from "../channels/exit.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import { adopted, adopting } from "../channels/kernel/adoption.ts";
import { ask } from "../channels/kernel/ask.ts";
import { isCell } from "../channels/kernel/cell.ts";
import { oneLine } from "../channels/kernel/escape.ts";
import { enroll, handleKind } from "../channels/kernel/handle.ts";
import { keepAlive } from "../channels/kernel/keep_alive.ts";
import { destinationOf, pack } from "../channels/kernel/pack.ts";
import { inspectAs } from "../channels/kernel/inspect.ts";
import { checkOptions, type OptionNames } from "../channels/kernel/options.ts";
import { expected, isCount, isFlag, isText, maybe, startsWith } from "../channels/kernel/shape.ts";
import { brief } from "../channels/kernel/show.ts";
import { channelWait, type WaitOptions } from "../channels/kernel/wait.ts";
import { Decision } from "../channels/decision.ts";
import { whenDone } from "../channels/settling.ts";
import { endingSource, selectable } from "../channels/source.ts";
import { isChild } from "./actor_ref.ts";
import { Contact, isPlacement, type PlacementName, standsFor } from "./contact.ts";
import { currentActor } from "./context.ts";
import { registrationOf } from "./definition.ts";
import { actorExited, describeExit } from "./exited.ts";
import { graceOf } from "./grace.ts";
import { outboxOf } from "./outbox.ts";
import { handleSignals as listenForSignals } from "./program_signals.ts";
import type { StopOptions } from "./ref.ts";
import type { ArgsThenOptions } from "./spawn.ts";
import { checkArgs, planOf, SPAWN_OPTIONS, type SpawnOptions } from "./spawn_options.ts";
import { prepare, type Prepared } from "./start.ts";
import { assertMayStart } from "./start_guard.ts";

/** What `new Process` takes: what `spawn` takes, but the program does not end while it lives unless `daemon` is set. */
export interface ProcessOptions extends SpawnOptions {
  /**
   * Whether Ctrl-C, SIGTERM and SIGHUP, to the program itself, stop the tree in order, from the start of this process on
   * and as long as the program has children; true when left out. A daemon asks for nothing.
   */
  readonly handleSignals?: boolean | undefined;
}

const PROCESS_OPTIONS: OptionNames<ProcessOptions> = { ...SPAWN_OPTIONS, handleSignals: true };

/**
 * A function that runs as a process of its own, in the manner of Python's `multiprocessing.Process`.
 *
 * - **Life**: made, started once, ended. It ends with whoever started it. The program waits for it, unless it is a
 *   daemon.
 * - **Output**: `join` never waits for anybody to read what the process put on queues and pipes; what it put stays.
 * - **Result**: unlike Python's, it keeps what the function returned or threw. An error that the function did not catch
 *   is on standard error before the process counts as ended.
 * - **Ending**: `interrupt` only aborts its `current().signal`, `stop` asks and then kills, `terminate` and `kill` do not
 *   ask. With the signal end the waits of the function at channels and locks that are pending then, and its loops over
 *   channels; so a function that mostly waits stops at once. Leaving by the signal's reason is no failure then.
 * - **Signals**: Ctrl-C in the program stops the whole tree once, in order, as `stop` does, and the program ends with code
 *   130; so do SIGTERM, with 143, and SIGHUP, with 129. A second signal ends it at once. A function that computes for long
 *   looks at `current().signal`, or is killed after 5 s.
 * - **Travel**: it can be sent anywhere, and works there; only its maker can start it.
 *
 * @example Run a function as a process
 * ```ts
 * import { Process, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * function square(n: number): number {
 *   return n * n;
 * }
 * task(import.meta.url, square);
 *
 * const p = new Process(square, [7], { placement: "inline" });
 * await p.start();
 * await p.join();
 * assertEquals(p.exitCode, 0);
 * assertEquals(await p.result, 49);
 * ```
 */
export class Process<R = unknown, A extends unknown[] = never[]> implements AsyncDisposable {
  readonly #contact: Contact;
  /** What only its maker has: the means to start it. */
  #unstarted:
    | { readonly prepared: Prepared; readonly args: readonly unknown[]; readonly handleSignals: boolean }
    | undefined;
  #pid: () => number | undefined;
  #outcome: () => Promise<unknown>;
  #result: Promise<R> | undefined;
  #resultIsRead = false;
  #started: boolean;
  #closed = false;
  readonly #daemon: boolean;

  /**
   * Makes a process, and starts nothing yet.
   *
   * @param task a function registered by `task`
   * @param rest its arguments, which are read when the process is started, and options
   * @throws {TypeError} If the task is not registered or an option has the wrong type.
   * @throws {StartError} If the placement cannot enforce an option.
   */
  constructor(task: (...args: A) => R | Promise<R>, ...rest: ArgsThenOptions<A, ProcessOptions>) {
    const known = adopted<Started>();
    if (known !== undefined) {
      const { contact, daemon, pid } = known;
      this.#contact = contact;
      this.#pid = () => pid;
      this.#outcome = () => contact.result(false);
      this.#daemon = daemon;
      this.#started = true;
    } else {
      const [args = [], options = {}] = rest as unknown as [A?, ProcessOptions?];
      const registration = registrationOf("make a process", task);
      const action = `make a process of ${registration.name}`;
      if (registration.kind !== "task") throw new TypeError(`Cannot ${action}: it is a class, use spawn`);
      checkArgs(action, args);
      checkOptions(action, options, PROCESS_OPTIONS);
      const parent = currentActor();
      const path = [...parent.plan.path, parent.processes + 1];
      const base = { registration, name: `Process-${path.join(":")}`, path, daemon: false, holder: parent.holder };
      const plan = planOf(action, base, options);
      const { handleSignals = true } = options;
      if (typeof handleSignals !== "boolean") {
        throw new TypeError(`Cannot ${action}: handleSignals must be a boolean, not ${brief(handleSignals)}`);
      }
      const prepared = prepare(plan, parent, options);
      parent.processes++;
      this.#unstarted = { prepared, args: [...args], handleSignals };
      this.#contact = prepared.contact;
      this.#pid = () => prepared.pid();
      this.#outcome = () => prepared.outcome();
      this.#daemon = plan.daemon;
      this.#started = false;
    }
    standsFor(this, this.#contact);
    selectable(this, endingSource(() => this.#contact.exited, () => this.#contact.look()));
    enroll(this, () => {
      const { name, placement, actor, keeper } = this.#contact;
      const also = keeper === actor ? undefined : actor;
      return { kind: "process", target: keeper, also, meta: [name, placement, this.#daemon, this.pid] };
    });
  }

  /** How people read it: what the options say, else its place among the processes, `Process-1`, `Process-1:2`. */
  get name(): string {
    return this.#contact.name;
  }

  /** Whether the program may end while it lives. */
  get daemon(): boolean {
    return this.#daemon;
  }

  /** Where it runs. */
  get placement(): PlacementName {
    return this.#contact.placement;
  }

  /** Where it lives, as people read it; not enough to reach it. */
  get address(): string {
    return this.#contact.address;
  }

  /**
   * The operating system's number of a subprocess; undefined before it was started, of a thread, and in a handle that
   * was sent before the start.
   */
  get pid(): number | undefined {
    return this.#pid();
  }

  /** True from `start` until it is known to have ended; in a handle that was sent elsewhere, also before the start. */
  get alive(): boolean {
    return this.#started && this.#contact.exit === undefined;
  }

  /**
   * Undefined until it has ended; 0 after a normal end, 1 after an uncaught error, `n & 0xFF` after `exit(n)`, `-N` when
   * signal N ended it.
   */
  get exitCode(): number | undefined {
    return this.#contact.exit?.code;
  }

  /** How it ended, once it has. Never rejects; does not keep the program alive, as `join` does. */
  get exited(): Promise<Exit> {
    return this.#contact.exited;
  }

  /**
   * What the function returned; rejects with what it threw, with `ActorExitedError` when it ended otherwise, and with
   * `NotSerializableError` when what it returned cannot travel. A rejection that nobody reads harms nobody. The program
   * waits for a result that was asked for.
   */
  get result(): Promise<R> {
    if (!this.#resultIsRead) {
      this.#resultIsRead = true;
      if (this.#started) this.#awaitResult();
    }
    return this.#ownResult;
  }

  /**
   * Starts it. Resolves when its module is imported and the function about to run. The arguments are read now.
   *
   * @throws {TypeError} If it was started already, or came by message.
   * @throws {ClosedError} If this object was closed.
   * @throws {NotSerializableError} If an argument cannot travel; it can be started again then.
   * @throws {StartError} If it could not start; the `cause` is what was thrown.
   */
  async start(): Promise<void> {
    this.#assertOpen("start");
    const unstarted = this.#unstarted;
    if (unstarted === undefined) {
      throw new TypeError(`Cannot start ${this.name}: it was started already`);
    }
    assertMayStart(`start ${this.name}`);
    const { prepared, args, handleSignals } = unstarted;
    const launched = prepared.launch(args);
    this.#unstarted = undefined;
    this.#started = true;
    const siblings = currentActor().processesAlive;
    siblings.add(this);
    const signals = handleSignals && !this.#daemon ? listenForSignals() : undefined;
    void this.exited.then(() => {
      siblings.delete(this);
      signals?.[Symbol.dispose]();
    });
    // Asked for at once, since the answer is made when the function returns.
    void this.#ownResult;
    if (this.#resultIsRead) this.#awaitResult();
    await launched;
  }

  /**
   * Waits for its end, and keeps the program alive meanwhile. Any number of callers may; nobody needs to read what it put
   * on queues for it to end. Giving up does nothing to the process. A task that is asked to stop while it joins one of its
   * own goes on to wait for that, since it is asked to stop, too; any other wait ends then.
   *
   * @returns how it ended, or undefined when time ran out
   * @throws {TypeError} If it was not started, or the process itself asks.
   * @throws {ClosedError} If this object was closed.
   */
  async join(options?: WaitOptions): Promise<Exit | undefined> {
    this.#assertStarted("join");
    if (isCell(this.#contact.actor) && this.#contact.actor === currentActor()) {
      throw new TypeError(`Cannot join ${this.name}: it is the one that asks, and would wait for itself`);
    }
    const wait = channelWait(`join ${this.name}`, options);
    if (wait.once) return await this.#contact.look();
    const ended = new Decision<Exit>();
    const unhear = whenDone(this.exited, (exit) => ended.make() && ended.resolve(exit));
    // A task's own is asked to stop along with the task, and that soon ends this wait, too.
    const isStoppedToo = !this.#daemon && !currentActor().hasMethods && isChild(this.#contact);
    try {
      return await ended.within(isStoppedToo ? { ...wait, stop: undefined } : wait, true);
    } finally {
      unhear();
    }
  }

  /**
   * Puts a message in its mailbox, which the function reads by `current().mailbox`. Resolves when the mailbox has taken
   * it; giving up means that it has not.
   *
   * @throws {NotSerializableError} If the message cannot travel.
   * @throws {TimeoutError} If its mailbox stayed full.
   * @throws {ActorExitedError} If it has ended.
   */
  async send(message: unknown, options?: WaitOptions): Promise<void> {
    this.#assertStarted("send to");
    const { target, name, address } = this.#contact;
    const wait = channelWait(`send to ${name}`, options);
    const body = pack(message, "message", destinationOf(target));
    const lost = (exit: Exit | undefined) => actorExited(`send to ${name}`, name, address, exit ?? this.#contact.exit);
    const late = (timeoutMs: number) =>
      new TimeoutError(`Cannot send to ${name}: its mailbox stayed full for ${timeoutMs} ms`, { timeoutMs });
    const question = { holder: whoActs.holder(), verb: "message", body, wait, late, lost, gives: true };
    await ask(target, isCell(target) ? question : { ...question, gate: outboxOf(target) });
  }

  /** Aborts its `current().signal`, and nothing more: it may go on. */
  async interrupt(): Promise<void> {
    this.#assertStarted("interrupt");
    await this.#contact.interrupt();
  }

  /**
   * Asks it to end, by aborting its `current().signal` and ending its mailbox; kills it after the grace, which is 5 s
   * when left out.
   */
  async stop(options?: StopOptions): Promise<Exit> {
    this.#assertStarted("stop");
    return await this.#contact.stop(graceOf(`stop ${this.name}`, options));
  }

  /**
   * Ends it at once: exit code -15. In a subprocess by SIGTERM. A function that listens to SIGTERM has 5 s to end in its own
   * way, and is then killed. (As the shutdown time of a child of an OTP supervisor; Python's `terminate` waits for ever.)
   */
  async terminate(): Promise<Exit> {
    this.#assertStarted("terminate");
    return await this.#contact.end("SIGTERM");
  }

  /** Ends it at once, busy or not: exit code -9. */
  async kill(): Promise<Exit> {
    this.#assertStarted("kill");
    return await this.#contact.end("SIGKILL");
  }

  /**
   * Closes this object, so that its methods throw `ClosedError`; the process itself, if it runs, goes on. One that was
   * not started never will be.
   */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#unstarted === undefined) return;
    this.#unstarted = undefined;
    // A holder of its handle may be waiting for it.
    await this.#contact.stop(0);
  }

  /** Stops it, if it was started and this object was not closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#started && !this.#closed) await this.stop();
  }

  static {
    inspectAs(this, (process) => {
      const { exit } = process.#contact;
      const stage = process.#closed
        ? "closed"
        : exit !== undefined
        ? `ended: ${describeExit(exit)}`
        : process.#started
        ? "running"
        : "made";
      return `Process(${process.name} ${process.address}, ${process.placement}, ${stage})`;
    });
  }

  get #ownResult(): Promise<R> {
    if (this.#result === undefined) {
      this.#result = this.#outcome() as Promise<R>;
      this.#result.catch(() => {});
    }
    return this.#result;
  }

  #awaitResult(): void {
    keepAlive.hold(true);
    const settled = () => keepAlive.release(true);
    this.#ownResult.then(settled, settled);
  }

  #assertOpen(action: string): void {
    if (this.#closed) throw new ClosedError(`Cannot ${action} ${this.name}: this process object is closed`);
  }

  #assertStarted(action: string): void {
    this.#assertOpen(action);
    if (!this.#started) throw new TypeError(`Cannot ${action} ${this.name}: it was not started`);
  }
}

/** A process that was started already, here or elsewhere. */
interface Started {
  readonly contact: Contact;
  readonly daemon: boolean;
  readonly pid: number | undefined;
}

/** The face of a process that was started by other means. */
export function processFrom(contact: Contact, daemon: boolean, pid: number | undefined): Process {
  return adopting({ contact, daemon, pid } satisfies Started, () => new Process(() => {}));
}

// Leased, unlike refs: the keeper has the result, and must have it as long as anybody may ask.
handleKind("process", {
  leased: true,
  revive({ target: keeper, also, meta }) {
    const shape = startsWith(isText, isPlacement, isFlag, maybe(isCount));
    const [name, placement, daemon, pid] = expected("a handle to a process", meta, shape);
    return processFrom(new Contact(oneLine(name), placement, also ?? keeper, keeper), daemon, pid);
  },
});

/**
 * The processes that the calling actor has started and that are alive. The list is the caller's own. (Python's
 * `multiprocessing.active_children`.)
 *
 * @example While one runs, and after
 * ```ts
 * import { activeChildren, current, Process, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * async function wait(): Promise<void> {
 *   for await (const _ of current().mailbox);
 * }
 * task(import.meta.url, wait);
 *
 * const p = new Process(wait, [], { placement: "inline" });
 * await p.start();
 * assertEquals(activeChildren(), [p]);
 * await p.stop();
 * assertEquals(activeChildren(), []);
 * ```
 */
export function activeChildren(): Process[] {
  return ([...currentActor().processesAlive] as Process[]).filter((process) => process.alive);
}

/** How many processors this program may use, at least 1. (Python's `multiprocessing.cpu_count`.) */
export function cpuCount(): number {
  return Math.max(1, navigator.hardwareConcurrency);
}
