import type { Exit } from "../channels/exit.ts";
import type { Account } from "../channels/kernel/account.ts";
import { deadLetters } from "../channels/kernel/dead_letters.ts";
import { Deque } from "../channels/kernel/deque.ts";
import { oneLine } from "../channels/kernel/escape.ts";
import { eventLoop } from "../channels/kernel/event_loop.ts";
import { releaseAll, Transit } from "../channels/kernel/handle.ts";
import { type AnyIterator, isA, isIterator, isThenable } from "../channels/kernel/look.ts";
import { pack, unpack } from "../channels/kernel/pack.ts";
import type { Cancellable, Request } from "../channels/kernel/request.ts";
import type { Actor } from "./actor.ts";
import { abortBridged, endBridged } from "./bridge.ts";
import { BusyTime } from "./busy_time.ts";
import { type Callable, callableMethod, whyNotCallable } from "./callable.ts";
import { type Frame, type HandledCall, isAtHome, isMain, runAs, runMethod } from "./context.ts";
import { ExitRequest } from "./exited.ts";
import { awaitTroupeHandler } from "./handler_wait.ts";
import { LateTurn } from "./late_turn.ts";
import type { ActorHooks, Down, FailedMessage } from "./hooks.ts";
import { Inbox, News } from "./inbox.ts";
import { places } from "./places.ts";
import { Suspicion } from "./suspicion.ts";
import { StreamCell } from "./stream.ts";
import { type Tracing, tracing } from "./tracing.ts";

const NOTHING: never[] = [];

/** Of the short handlers of an actor one in so many is measured: fewer inline, where a call costs little more than a clock. */
const MEASURED = { inline: 16, elsewhere: 4 };

/**
 * How an actor's messages are handled: in order, so many at a time as it allows. Its open streams run beside them: one
 * that waits for what another message will bring must not keep that message out.
 */
export class MessageLoop {
  readonly inbox: Inbox;
  readonly #actor: Actor;
  readonly #concurrency: number;
  #instance: object | undefined;
  #running = 0;
  #begun = 0;
  #failures = 0;
  readonly busy: BusyTime;
  /** Whether those who wait do so for ever; none while nobody has to wait. */
  #suspicion: Suspicion | undefined;
  /** What is being handled: mostly one, for which a `Set` would make a new table every few messages. */
  readonly #active: Request[] = [];
  #streams: Set<StreamCell> | undefined;
  #roomListeners: Deque<Request> | undefined;
  #takers: ((message: { readonly value: unknown } | undefined) => void)[] = [];
  #paused = 0;
  #closed = false;
  /** Has what lies in the mailbox handled, soon; undefined until it has a place where that is done. */
  #begin: (() => void) | undefined;
  #asleep = false;
  /** Called whenever nothing is left to do. */
  #idle: (() => void) | undefined;

  constructor(actor: Actor) {
    this.#actor = actor;
    this.#concurrency = actor.plan.concurrency ?? 1;
    this.busy = new BusyTime(actor.plan.placement === "inline" ? MEASURED.inline : MEASURED.elsewhere);
    this.inbox = new Inbox(actor, actor.plan.mailbox);
  }

  /** From now on messages are handled by this object. */
  open(instance: object): void {
    this.#instance = instance;
    this.#asleep = !isMain(this.#actor);
    this.pump();
  }

  /** Takes a message for a handler. */
  add(request: Request): void {
    this.inbox.add(request);
    this.pump();
    this.#suspect();
  }

  /** Messages in the mailbox wait for the message that is being handled. */
  #suspect(): void {
    if (this.inbox.size > 0 && this.#concurrency === 1 && !this.#mayBegin) this.suspicion.arise();
  }

  /** What it does about calls that have to wait. */
  get suspicion(): Suspicion {
    return this.#suspicion ??= new Suspicion(this.#actor);
  }

  /** Whether a call is here, and not answered: whether it is in the mailbox, or being handled, or neither. */
  stateOf(request: Request): "queued" | "handled" | undefined {
    if (!request.open) return undefined;
    if (this.#active.includes(request)) return "handled";
    return this.inbox.has(request) ? "queued" : undefined;
  }

  /** Whether it handles one message at a time, so that whoever is in the mailbox waits for the one that is not. */
  get isSerial(): boolean {
    return this.#concurrency === 1;
  }

  /** How many messages it has begun to handle. */
  get begun(): number {
    return this.#begun;
  }

  /** How many it has handled. */
  get handled(): number {
    return this.#begun - this.#running;
  }

  /** How many handlers have thrown. */
  get failures(): number {
    return this.#failures;
  }

  /** Takes a message for whoever reads the mailbox. */
  addMessage(request: Request): void {
    this.inbox.add(request, () => request.replyKept());
    this.#feed();
  }

  /** Takes in that somebody has ended, whom the actor watches. */
  addNews(down: Down): void {
    this.inbox.addNews(new News(this.#actor.holder, down));
    this.pump();
  }

  /** Answers when there is room for another message. */
  awaitRoom(request: Request): void {
    if (this.inbox.hasRoom) request.reply();
    else {
      const listeners = this.#roomListeners ??= new Deque();
      listeners.push(request);
      request.onCancel = () => void listeners.remove(request);
    }
  }

  /** The next message of the mailbox; undefined when none will come any more. */
  nextMessage(): Promise<{ readonly value: unknown } | undefined> {
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#feed();
    });
  }

  /** No further message will be added: whoever reads the mailbox gets what is left, and then its end. */
  close(): void {
    this.#closed = true;
    this.#feed();
  }

  /** Resolves when nothing is left to do. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle = resolve;
      this.pump();
    });
  }

  /** Begins with nothing more, until `resume`. */
  pause(): void {
    this.#paused++;
  }

  /** Undoes one `pause`. */
  resume(): void {
    this.#paused--;
    this.pump();
  }

  /** Refuses a message for which there is no handler. */
  refuseUnknown(request: Request): void {
    releaseAll(request.body.passages, this.#actor.holder);
    const why = whyNotCallable(this.#instance, request.detail);
    this.#refuse(request, new TypeError(`Cannot call ${this.#titleOf(request)}: ${why}`));
  }

  /** Refuses a message that no handler can be given. That is its sender's mistake, and nothing to the actor. */
  #refuse(request: Request, error: unknown): undefined {
    if (request.asker === undefined) deadLetters.add(this.#actor.title, request.detail || request.verb);
    else request.throw(error);
  }

  #titleOf({ detail }: Request): string {
    return `${this.#actor.name}.${oneLine(detail)}`;
  }

  /** The actor has ended: whoever waits is told so. */
  end(exit: Exit): void {
    this.close();
    this.#suspicion?.end();
    for (const request of this.#active) request.lose(exit);
    for (const request of this.#roomListeners?.clear() ?? []) request.lose(exit);
    this.inbox.end((request) => request.lose(exit));
    for (const stream of this.#streams ?? []) stream.close(exit);
  }

  /** Handles messages while there are any and it may. */
  pump(): void {
    if (this.#instance === undefined) return;
    if (isMain(this.#actor)) return this.#drain();
    // It is at it, or will be in a moment.
    if (!this.#asleep) return;
    if (isAtHome(this.#actor)) this.#drain();
    else if (this.#mayBegin && this.inbox.size > 0) {
      this.#asleep = false;
      if (this.#begin !== undefined) this.#begin();
      else places.open(() => runAs(this.#actor, undefined, () => this.#run()));
    } else this.#tellIdle();
  }

  /**
   * Handles messages where everything counts as the actor's: to make it so for each message would cost more than to
   * handle most of them. Only an isolate's main actor needs no such place.
   */
  async #run(): Promise<void> {
    while (this.#actor.exit === undefined) {
      this.#drain();
      await this.#message();
    }
  }

  #message(): Promise<void> {
    this.#asleep = true;
    return new Promise((resolve) => this.#begin = resolve);
  }

  get #mayBegin(): boolean {
    return this.#paused === 0 && this.#running < this.#concurrency && this.#actor.exit === undefined;
  }

  #drain(): void {
    while (this.#mayBegin) {
      const request = this.inbox.take();
      if (request === undefined) {
        this.#suspicion?.end();
        break;
      }
      this.#tellRoom();
      this.#running++;
      this.#begun++;
      if (eventLoop.tally()) this.#rest();
      const done = request instanceof News ? this.#hear(request) : this.#handle(request);
      if (done === undefined) this.#running--;
      else void done.then(() => this.#handled());
    }
    this.#suspect();
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#paused === 0 && this.#running === 0 && this.inbox.size === 0) this.#idle?.();
  }

  #rest(): void {
    this.pause();
    void eventLoop.turn().then(() => this.resume());
  }

  #handled(): void {
    this.#running--;
    this.pump();
  }

  #feed(): void {
    while (this.#takers.length > 0) {
      const request = this.inbox.take();
      if (request === undefined) break;
      this.#tellRoom();
      try {
        const value = unpack(request.body, this.#actor.holder);
        this.#takers.shift()!({ value });
      } catch {
        // Its sender was told that the mailbox has it, and is told no more.
        deadLetters.add(this.#actor.title, request.verb);
      }
    }
    if (this.#closed) { for (const taker of this.#takers.splice(0)) taker(undefined); }
  }

  #tellRoom(): void {
    const listeners = this.#roomListeners;
    while (listeners !== undefined && listeners.size > 0 && this.inbox.hasRoom) listeners.shift()!.reply();
  }

  /** Tells the actor's hook; a promise if that is not over when it returns. */
  #hear({ down }: News): Promise<void> | undefined {
    const failed = (error: unknown) => this.#actor.crash(error, { method: "onDown", kind: "hook" });
    try {
      const heard = runAs(this.#actor, undefined, () => (this.#instance as ActorHooks).onDown?.(down));
      return isThenable(heard) ? awaitTroupeHandler(heard, () => {}, failed) : undefined;
    } catch (error) {
      return void failed(error);
    }
  }

  /** Handles one message; a promise if that is not over when it returns. */
  #handle(request: Request): Promise<void> | undefined {
    const instance = this.#instance!;
    // Most messages have nothing that lasts as long as their call.
    const bridged: object[] = request.body.passages.length === 0 ? NOTHING : [];
    let callable: Callable | undefined;
    let args: unknown[];
    try {
      callable = callableMethod(instance, request.detail);
      if (callable === undefined) return void this.refuseUnknown(request);
      args = this.#argumentsOf(request, bridged);
    } catch (error) {
      for (const face of bridged) endBridged(face);
      return this.#refuse(request, error);
    }
    const call = request.asker === undefined ? undefined : new Call(this.#actor, request, bridged);
    this.#active.push(request);
    const begun = this.busy.begin();
    const late = this.#actor.ending ? new LateTurn(this.#actor, this.inbox.size) : undefined;
    let result: unknown;
    try {
      const frame = late === undefined ? call ?? this.#actor : { actor: this.#actor, call, task: late };
      result = tracing === undefined
        ? runMethod(frame, callable, instance, args)
        : this.#traced(tracing, request, () => runMethod(frame, callable, instance, args));
    } catch (error) {
      late?.end();
      this.busy.end(begun);
      return this.#failed(request, error, bridged);
    }
    let thenable: boolean;
    try {
      thenable = isThenable(result);
    } catch (error) {
      late?.end();
      this.busy.end(begun);
      // The handler has not failed: its result cannot be an answer, like a value that cannot travel.
      request.throw(error);
      return void this.#over(request, bridged);
    }
    callable.atOnce = !thenable && !isIterator(result) && callable.atOnce !== false;
    if (!thenable) {
      late?.end();
      this.busy.end(begun);
      return this.#succeeded(request, result, bridged, call);
    }
    return awaitTroupeHandler(
      result as PromiseLike<unknown>,
      (value) => {
        late?.end();
        this.busy.end(begun);
        this.#succeeded(request, value, bridged, call);
      },
      (error) => {
        late?.end();
        this.busy.end(begun);
        this.#failed(request, error, bridged);
      },
    );
  }

  #argumentsOf(request: Request, bridged: object[]): unknown[] {
    const args = unpack(request.body, this.#actor.holder, (face) => bridged.push(face));
    if (Array.isArray(args)) return args;
    throw new TypeError(`Cannot call ${this.#titleOf(request)}: its arguments are no list`);
  }

  #leave(request: Request): void {
    const last = this.#active.pop()!;
    if (last !== request) this.#active[this.#active.indexOf(request)] = last;
  }

  #traced<T>(tracing: Tracing, { detail, body, asker }: Request, run: () => T): T {
    const kind = asker === undefined ? "handlesCast" : "handlesCall";
    return tracing.handle(`${this.#actor.name}.${detail}`, body.trace, kind, run);
  }

  #over(request: Request, bridged: object[]): void {
    this.#leave(request);
    for (const face of bridged) endBridged(face);
  }

  #succeeded(request: Request, value: unknown, bridged: object[], call: Call | undefined): undefined {
    if (isIterator(value) && call !== undefined && request.open) return this.#stream(request, value, bridged, call);
    request.replyValue(value, "result");
    this.#over(request, bridged);
  }

  /** The result is read item by item; what the call bridged lasts as long. */
  #stream(request: Request, iterator: AnyIterator, bridged: object[], call: Call): undefined {
    const streams = this.#streams ??= new Set();
    const stream: StreamCell = new StreamCell(iterator, {
      run: (step) => runAs(this.#actor, call, step),
      left: () => call.giveUp(),
      ended: () => {
        streams.delete(stream);
        for (const face of bridged) endBridged(face);
      },
    });
    streams.add(stream);
    this.#leave(request);
    request.replyPacket(pack(new Transit(stream.passage()), "result", request.from));
  }

  #failed(request: Request, error: unknown, bridged: object[]): undefined {
    // The actor is about to end, and then its caller learns how.
    if (isA(error, ExitRequest)) return;
    this.#failures++;
    const message: FailedMessage = { method: request.detail, kind: request.asker === undefined ? "cast" : "call" };
    if (request.asker !== undefined) request.throw(error);
    this.#actor.failed(error, message);
    this.#over(request, bridged);
  }
}

/** The side of a call that its handler sees. */
class Call implements HandledCall, Frame, Cancellable {
  readonly task = undefined;
  #controller: AbortController | undefined;
  readonly account: Account | undefined;
  readonly strangeBytes: number;
  readonly #bridged: readonly object[];
  #reason: DOMException | undefined;

  constructor(readonly actor: Actor, request: Request, bridged: readonly object[]) {
    this.#bridged = bridged;
    this.account = request.account;
    this.strangeBytes = this.account === undefined ? 0 : request.body.bytes.length;
    request.onCancel = this;
  }

  get call(): this {
    return this;
  }

  cancelled(): void {
    this.giveUp();
  }

  /** Nobody waits for it any more. */
  giveUp(): void {
    this.#reason ??= new DOMException("The caller has given up, or is gone", "AbortError");
    this.#controller?.abort(this.#reason);
    abortBridged(this.#bridged, this.#reason);
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }
}
