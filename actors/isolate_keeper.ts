import { type Exit, PARENT_GONE } from "../channels/exit.ts";
import {
  type Address,
  BOOT_SLOT,
  hasFewerRights,
  type IsolateId,
  isWithin,
  MAIN_SLOT,
  makeSecret,
} from "../channels/kernel/address.ts";
import { ask } from "../channels/kernel/ask.ts";
import { addressOf, Cell, cells } from "../channels/kernel/cell.ts";
import { briefExit } from "../channels/kernel/dead_isolates.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import type { Link } from "../channels/kernel/link.ts";
import { keepAlive } from "../channels/kernel/keep_alive.ts";
import { logger } from "../channels/kernel/log.ts";
import { isA } from "../channels/kernel/look.ts";
import { EMPTY_PACKET, type Packet } from "../channels/kernel/packet.ts";
import { noSuchRequest, type Request } from "../channels/kernel/request.ts";
import { root } from "../channels/kernel/root.ts";
import { packPlain } from "../channels/kernel/pack.ts";
import { singleton } from "../channels/kernel/singleton.ts";
import { wheel } from "../channels/kernel/wheel.ts";
import type { Actor } from "./actor.ts";
import { answerLater } from "./answer_later.ts";
import { Contact } from "./contact.ts";
import { isOfLibrary } from "./definition.ts";
import { actorExited, arrivedExit, describeExit, failedBy } from "./exited.ts";
import { control, type EndSignal, type Keeper, killAfter, KILLED } from "./keeper.ts";
import { logEnded, logStarted } from "./life_log.ts";
import { ParentWatch } from "./parent_watch.ts";
import { Liveness, UNRESPONSIVE } from "./liveness.ts";
import type { IsolateOptions } from "./isolate_options.ts";
import type { BootConfig, ContactData, Placement, Seat, SeatEnd } from "./placement/placement.ts";
import { programRun } from "./placement/run_flags.ts";
import { assertInTime, StartDeadline, startError } from "./start_deadline.ts";
import type { StartPlan } from "./start_plan.ts";
import { startTurns } from "./start_turns.ts";

/** How long a supervisor's event loop may be silent while the supervisor takes whatever time its children need to stop. */
const SILENT_MS = 5000;
/** How long an isolate may take to end once its actor has. */
const LAST_MS = 2000;

/** Who was started from here and has not ended, with its parent. */
export const seated: Map<IsolateKeeper, Actor> = singleton("seated", () => new Map());

/** Answers for an actor that was started in an isolate of its own. */
export class IsolateKeeper extends Cell implements Keeper {
  readonly name: string;
  readonly daemon: boolean;
  readonly contact: Contact;
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;

  readonly #plan: StartPlan;
  readonly #placement: Placement;
  readonly #boot: Address;
  readonly #settleExited: (exit: Exit) => void;
  #seat: Seat | undefined;
  #result: Promise<unknown> | undefined;
  /** The same for those who ask from elsewhere. */
  #outcome: Promise<unknown> | undefined;
  /** How the actor says that it ended, which tells more than what its isolate leaves behind. */
  #said: Exit | undefined;
  #held = false;
  #interrupted = false;
  /** By when it was last asked to have stopped. */
  #stopDueMs: number | undefined;
  #liveness: Liveness | undefined;
  #watching: ((gone: IsolateId) => void) | undefined;
  /** The one cell by which a sandbox reaches its parent; kept here as long as the sandbox lives. */
  #parentWatch: ParentWatch | undefined;

  constructor(plan: StartPlan, placement: Placement, options: IsolateOptions) {
    super();
    this.#plan = plan;
    this.#placement = placement;
    this.name = plan.name;
    this.daemon = plan.daemon;
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.exited = promise;
    this.#settleExited = resolve;
    const id = isolate.nextChildId(placement.boundary(options));
    this.#boot = { isolate: id, slot: BOOT_SLOT, incarnation: 0, secret: makeSecret() };
    const actor: Address = { isolate: id, slot: MAIN_SLOT, incarnation: 0, secret: makeSecret() };
    this.contact = new Contact(plan.name, plan.placement, actor, this);
  }

  /** Who will hold what is in the arguments. */
  get destination(): Address {
    return this.contact.actor as Address;
  }

  /** The operating system's number of a subprocess. */
  get pid(): number | undefined {
    return this.#seat?.pid;
  }

  /** Starts the isolate and its actor. Rejects with `StartError`, and nothing is left then. */
  async start(args: Packet, parent: Actor, options: IsolateOptions): Promise<void> {
    const action = `start ${this.name}`;
    const deadline = new StartDeadline(action, this.#plan);
    const turn = startTurns.take();
    parent.children.add(this);
    seated.set(this, parent);
    this.#hold(true);
    try {
      assertInTime(action, this.#plan);
      if (turn.come !== undefined) await Promise.race([turn.come, deadline.failed, this.exited]);
      const { open } = this.#placement;
      const openSeat = open.loaded ?? await open.load();
      // It may have been ended meanwhile.
      if (this.exit !== undefined) throw new LostError(this.exit);
      assertInTime(action, this.#plan);
      deadline.loads();
      const seat = this.#seat = openSeat(this.#config(parent), options);
      void seat.ended.then((end) => this.#ended(end, parent));
      void seat.link.then(() => deadline.begun(), () => {}).finally(() => turn.end());
      await Promise.race([this.#run(seat, args, parent), deadline.failed]);
      this.#hold(!this.daemon && parent.isAwaited);
      this.#watchOver(this.#plan.livenessMs);
      logStarted(this);
    } catch (error) {
      // The error from inside says more than that its isolate is killed for it.
      if (!deadline.aborted && this.#result !== undefined && !isA(error, LostError)) {
        this.#said ??= failedBy(error);
      }
      if (this.#seat === undefined) this.#ended({ code: 1, error }, parent);
      else if (deadline.passed) void this.kill("SIGKILL");
      else this.#endsByItself();
      const exit = await this.exited;
      if (deadline.aborted) throw error;
      // The actor's own word says more than that its isolate went.
      const cause = isA(error, LostError) && exit.error !== undefined ? exit.error : error;
      const mayLack = isA(cause, LostError) || isA(cause, TypeError) || isA(cause, ReferenceError);
      throw startError(action, cause, mayLack ? this.#seat?.lacks : undefined);
    } finally {
      deadline.end();
      turn.end();
      this.#seat?.started?.();
    }
  }

  override takesCast(verb: string): boolean {
    return verb === "watch";
  }

  receive(request: Request): void {
    if (request.verb === "watch" && request.from.isolate === this.#boot.isolate) return this.#watch(request.detail);
    if (!control(this, request)) {
      request.throw(noSuchRequest(this.name, request.verb));
    }
  }

  stop(graceMs: number): Promise<Exit> {
    if (this.exit !== undefined) return this.exited;
    if (this.#seat === undefined) {
      this.#settle({ code: 0, reason: "stopped" });
      return this.exited;
    }
    this.#hold(true);
    if (graceMs <= 0) void this.kill("SIGKILL");
    else {
      this.#askToStop(graceMs);
      this.#seat.unblock?.("stop");
      killAfter(this, graceMs);
      const { registration, livenessMs } = this.#plan;
      if (graceMs === Infinity && isOfLibrary(registration.moduleUrl)) this.#watchOver(Math.min(livenessMs, SILENT_MS));
    }
    return this.exited;
  }

  /** Asks it anew only to be done sooner: it may take long to hear of it. */
  #askToStop(graceMs: number): void {
    const dueMs = performance.now() + graceMs;
    if (this.#stopDueMs !== undefined && this.#stopDueMs <= dueMs) return;
    this.#stopDueMs = dueMs;
    this.#ask("stop", graceMs);
  }

  kill(signal: EndSignal): Promise<Exit> {
    if (this.exit !== undefined) return this.exited;
    if (this.#seat === undefined) this.#settle(KILLED[signal]);
    else {
      this.#hold(true);
      this.#seat.kill(signal);
    }
    return this.exited;
  }

  orphan(): void {
    this.#said ??= PARENT_GONE;
    void this.kill("SIGKILL");
  }

  interrupt(): void {
    // Once: after that its signal is aborted, and a thread that goes on may block again.
    if (this.exit !== undefined || this.#interrupted) return;
    this.#interrupted = true;
    // Before it is asked: whoever has heard the request forgets the word, and one raised after that would end a later wait.
    this.#seat?.unblock?.("interrupt");
    this.#ask("interrupt");
  }

  result(request: Request): void {
    answerLater(request, this.#outcome ??= this.outcome(), (value) => request.replyValue(value, "result"));
  }

  /** What its task returned, for whoever started it; rejects with what it threw, or how else it ended. */
  async outcome(): Promise<unknown> {
    const exit = await this.exited;
    if (this.#result === undefined) throw actorExited("read the result", this.name, this.contact.address, exit);
    return await this.#result;
  }

  /** Asks the actor's isolate something, which nothing but its event loop needs to answer. */
  async askIsolate(verb: string, detail: string, timeoutMs: number): Promise<unknown> {
    const { holder } = this.#plan;
    const wait = { timeoutMs, once: false, signal: undefined };
    const lost = (exit: Exit | undefined) => actorExited(`ask for "${verb}"`, this.name, this.contact.address, exit);
    return await ask(this.#boot, { holder, verb, detail, wait, quiet: true, lost });
  }

  #watchOver(livenessMs: number): void {
    if (livenessMs === Infinity || this.exit !== undefined) return;
    this.#liveness?.[Symbol.dispose]();
    this.#liveness = new Liveness(() => this.askIsolate("ping", "", Infinity), livenessMs, () => {
      this.#said ??= UNRESPONSIVE;
      void this.kill("SIGKILL");
    });
  }

  /** Its thread blocks until another isolate ends that, and cannot hear itself that it is gone. */
  #watch(detail: string): void {
    const loseWait = this.#seat?.loseWait;
    // A subprocess never blocks so.
    if (loseWait === undefined) return;
    const [wait, home] = detail.split(" ");
    const lose = () => loseWait(Number(wait));
    if (isolate.exitOf(home) !== undefined) return lose();
    if (this.#watching !== undefined) isolate.downListeners.delete(this.#watching);
    this.#watching = (gone) => isWithin(home, gone) && lose();
    isolate.downListeners.add(this.#watching);
  }

  /** Tells the actor something; its end is told elsewhere. */
  #ask(verb: string, value?: number): void {
    const body = value === undefined ? EMPTY_PACKET : packPlain(value);
    const question = { holder: this.#plan.holder, verb, body, quiet: true, lost: () => new Error("gone") };
    ask(this.contact.actor, question).catch(() => {});
  }

  /** What is asked here waits for the link, and goes before whatever the actor is told later. */
  async #run(seat: Seat, args: Packet, parent: Actor): Promise<void> {
    const linked = (link: Link) => isolate.addChild(this.#boot.isolate, link, () => this.#endsByItself());
    // If it never comes, the seat's end tells why.
    void seat.link.then(linked, () => {});
    const { holder } = parent;
    const lost = (exit: Exit | undefined) => actorExited("read the result", this.name, this.contact.address, exit);
    const exit = ask(this.#boot, { holder, verb: "exit", quiet: true, lost });
    exit.then((said) => this.#finished(said), () => {});
    this.#result = ask(this.#boot, { holder, verb: "result", quiet: true, lost });
    this.#result.catch(() => {});
    const lostStart = (exit: Exit | undefined) => new LostError(exit);
    // Quiet, for it must be answered though who starts it may die: the keeper keeps the program alive by itself.
    await ask(this.#boot, { holder, verb: "start", body: args, quiet: true, lost: lostStart });
  }

  #finished(said: unknown): void {
    const exit = arrivedExit(said);
    if (exit === undefined) return;
    this.#said = exit;
    isolate.hangUp(this.#boot.isolate);
    this.#endsByItself();
  }

  /** The actor has ended, or failed to start, or the link broke: the isolate is ending, or can do nothing any more. */
  #endsByItself(): void {
    if (this.exit !== undefined) return;
    this.#hold(true);
    const deadline = wheel.after(LAST_MS, () => this.#seat!.kill("SIGKILL"));
    void this.exited.then(() => deadline.cancel());
  }

  #ended(end: SeatEnd, parent: Actor): void {
    parent.children.delete(this);
    if (this.exit === undefined) this.#settle(this.#said ?? exitOf(end));
  }

  #settle(exit: Exit): void {
    this.#liveness?.[Symbol.dispose]();
    isolate.down(this.#boot.isolate, exit);
    if (this.#watching !== undefined) isolate.downListeners.delete(this.#watching);
    this.exit = exit;
    seated.delete(this);
    cells.retire(this, hasFewerRights(this.#boot.isolate, isolate.id) ? briefExit(exit) : exit);
    this.#hold(false);
    this.#settleExited(exit);
    logEnded(this, exit);
  }

  /** The actor, as people read it. */
  get title(): string {
    return `${this.name} (${this.contact.address})`;
  }

  /** Keeps this program alive while the actor starts or ends, and as long as it lives if the program waits for it. */
  #hold(wanted: boolean): void {
    if (wanted === this.#held) return;
    this.#held = wanted;
    if (wanted) keepAlive.hold(true);
    else keepAlive.release(true);
  }

  #config(parent: Actor): BootConfig {
    const { registration, name, path, placement, daemon, mailbox, concurrency } = this.#plan;
    const { moduleUrl } = registration;
    return {
      id: this.#boot.isolate,
      bootSecret: this.#boot.secret,
      actorSecret: this.destination.secret,
      moduleUrl,
      imports: this.#plan.imports ?? [moduleUrl],
      definition: registration.name,
      name,
      path,
      placement,
      daemon,
      mailbox,
      concurrency,
      parent: this.#parentFor(parent),
      keeper: addressOf(this),
      logLevel: logger.level,
      run: programRun(),
      root: addressOf(root()),
    };
  }

  /** What the new isolate is told of its parent: one with fewer rights gets no handle that nobody gave it. */
  #parentFor(parent: Actor): ContactData {
    const { contact } = parent;
    const { name, placement, actor, keeper, address: shownAddress } = contact;
    if (!hasFewerRights(this.#boot.isolate, isolate.id)) {
      return { name, placement, actor: addressOf(actor), keeper: addressOf(keeper), shownAddress };
    }
    const watch = addressOf(this.#parentWatch ??= new ParentWatch(contact));
    return { name, placement, actor: watch, keeper: watch, shownAddress };
  }
}

class LostError extends Error {
  constructor(exit: Exit | undefined) {
    super(`it ended before it was ready${exit === undefined ? "" : ` (${describeExit(exit)})`}`);
  }
}

function exitOf({ code, signal, outOfMemory, error }: SeatEnd): Exit {
  if (signal !== undefined) return { code, signal, reason: outOfMemory ? "out-of-memory" : "killed" };
  if (error === undefined) return { code, reason: code === 0 ? "normal" : "error" };
  return failedBy(error, code || 1);
}
