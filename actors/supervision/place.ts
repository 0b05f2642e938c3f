import { sizeOf } from "../../channels/kernel/snapshot.ts";
import { type Exit, PARENT_GONE } from "../../channels/exit.ts";
import { DISCARD, discard } from "../../channels/kernel/ask.ts";
import { Cell, cells, isCell, type Target } from "../../channels/kernel/cell.ts";
import { deadLetters } from "../../channels/kernel/dead_letters.ts";
import { Deque } from "../../channels/kernel/deque.ts";
import { releaseAll } from "../../channels/kernel/handle.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { keepAlive } from "../../channels/kernel/keep_alive.ts";
import { type CellReport, type Listed, listing, whereIs } from "../../channels/kernel/listed.ts";
import { holderOf, relay } from "../../channels/kernel/relay.ts";
import { noSuchRequest, type Request } from "../../channels/kernel/request.ts";
import type { Actor } from "../actor.ts";
import { answerLater } from "../answer_later.ts";
import { Contact, type PlacementName } from "../contact.ts";
import { Credits } from "../credits.ts";
import { actorExited } from "../exited.ts";
import { control, type EndSignal, HOME, homeOf, isMail, type Keeper } from "../keeper.ts";
import { outboxOf } from "../outbox.ts";
import { LIVES, Lives } from "./lives.ts";
import { type Companion, isAmong } from "./companions.ts";
import { PROBE, receiveProbe, sendOnward, type Trail } from "../trail.ts";

/** So many messages wait for a child that is down. */
const MAX_HELD = 1000;

/**
 * Where a supervised child is found, whichever of its lives it is in. A ref to the child is a ref to its place, so that
 * it works before the child has started, across restarts, and wherever it has travelled.
 */
export class Place extends Cell implements Keeper, Listed {
  readonly name: string;
  readonly daemon = true;
  /** How to reach the child here. */
  readonly contact: Contact;
  exit: Exit | undefined;
  /** Where the children of this child are found, if it is a supervisor: they may come back as long as it may. */
  readonly below: Place[] = [];
  readonly #kind: "actor" | "task";
  #exited: PromiseWithResolvers<Exit> = Promise.withResolvers();
  /** Its present life, or the one that was the last so far. */
  #life: Contact | undefined;
  /** Whether what comes may go to that life. */
  #open = false;
  #lastExit: Exit | undefined;
  readonly #lives = new Lives();
  #restarts = 0;
  /** What its present or last life returned, if it is a task. */
  #outcome: Promise<unknown> | undefined;
  readonly #held = new Deque<Request>();
  /** The actors that end before the child is back: their questions do not wait for that. */
  #companions: readonly Companion[] = [];
  readonly #credits = new Credits(() => this.slot);

  constructor(name: string, placement: PlacementName, kind: "actor" | "task") {
    super();
    this.name = name;
    this.contact = new Contact(name, placement, this, this);
    this.#kind = kind;
    listing.add(this);
  }

  /** Settles when the child has ended for good. */
  get exited(): Promise<Exit> {
    return this.#exited.promise;
  }

  override keepsMail(verb: string): boolean {
    return isMail(verb);
  }

  report(): CellReport {
    return { place: { address: whereIs(this), name: this.name } };
  }

  /** The child lives; what was sent to it in the meantime is its first mail. */
  up(child: Contact): void {
    const held = this.#release();
    // One that had ended for good was started again all the same.
    if (this.exit !== undefined) this.#exited = Promise.withResolvers();
    if (this.#lastExit !== undefined) this.#lives.add(["up", this.#lastExit, ++this.#restarts]);
    this.exit = this.#lastExit = undefined;
    this.#life = child;
    this.#open = true;
    this.#companions = [];
    if (this.#kind === "task") {
      this.#outcome = child.result(true);
      this.#outcome.catch(() => {});
    }
    for (const request of held) this.#relay(request, child.actor);
  }

  /** The child is to end together with these, one after the other, and may then come back: none is to wait for it. */
  part(companions: readonly Companion[]): void {
    this.#companions = companions;
    for (const request of this.#held) {
      if (this.#isHopeless(request) && this.#held.remove(request)) {
        if (this.#isCertain(request)) keepAlive.release(true);
        this.#refuse(request);
      }
    }
  }

  /** The child is about to end, and may come back: what comes from now on waits. */
  hold(): void {
    this.#open = false;
  }

  /** The child has ended, and may come back. */
  down(exit: Exit): void {
    this.#ended(exit);
    this.#lives.add(["down", exit, this.#restarts]);
  }

  #ended(exit: Exit): void {
    this.#open = false;
    this.#lastExit = exit;
  }

  /** The child has ended, and nobody means to bring it back. */
  over(exit: Exit = this.#lastExit ?? PARENT_GONE): void {
    if (this.exit !== undefined) return;
    this.#ended(exit);
    this.exit = exit;
    this.#lives.add(["over", exit, this.#restarts]);
    for (const request of this.#release()) this.#refuse(request);
    cells.retire(this, exit);
    this.#exited.resolve(exit);
    for (const place of this.below) place.over();
  }

  /** The child itself, when nothing waits here that has to reach it first. */
  override get direct(): Target | undefined {
    if (!this.#open || this.#held.size > 0) return undefined;
    const { actor } = this.#life!;
    const ends = isCell(actor) ? (actor as Actor).ending : isolate.exitOf(actor.isolate) !== undefined;
    return ends ? undefined : actor;
  }

  override missed(target: Target): void {
    if (this.#life?.actor === target) this.hold();
  }

  receive(request: Request): void {
    switch (request.verb) {
      case "call":
      case "cast":
      case "message":
      case "room":
        return this.#deliver(request);
      case "hasRoom":
        return this.direct === undefined ? request.reply(false) : this.#deliver(request);
      case PROBE:
        return receiveProbe(request, this);
      case HOME:
        return request.reply(homeOf(this));
      case LIVES:
        return this.#lives.follow(request);
      case DISCARD:
        return releaseAll(request.body.passages, this.#holder);
      default:
        if (control(this, request)) return;
        request.throw(noSuchRequest(this.name, request.verb));
    }
  }

  /** Somebody wants to know for whom a call waits that was handed on to the child. */
  probed(call: Request, trail: Trail): void {
    sendOnward(call.onward, holderOf(this), trail);
  }

  /** Stops this life of the child; its supervisor decides what comes then. */
  async stop(graceMs: number): Promise<Exit> {
    if (!this.#alive) return await this.#lastEnd();
    this.hold();
    return await this.#life!.stop(graceMs);
  }

  /** Ends this life of the child. */
  async kill(signal: EndSignal): Promise<Exit> {
    return await (this.#alive ? this.#life!.end(signal) : this.#lastEnd());
  }

  orphan(): void {
    this.kill("SIGKILL").catch(() => {});
  }

  interrupt(): void {
    if (this.#alive) this.#life!.interrupt().catch(() => {});
  }

  /** Answers, once it has ended for good, with what its last life returned. */
  result(request: Request): void {
    answerLater(request, this.exited, (exit) => void this.#tellResult(request, exit));
  }

  async #tellResult(request: Request, exit: Exit): Promise<void> {
    try {
      const lost = () => actorExited("read the result", this.name, this.contact.address, exit);
      request.replyValue(await (this.#outcome ?? Promise.reject(lost())), "result");
    } catch (error) {
      request.throw(error);
    }
  }

  /** Whether it is in one of its lives, as far as is known here. */
  get #alive(): boolean {
    return this.#life !== undefined && this.#lastExit === undefined;
  }

  async #lastEnd(): Promise<Exit> {
    return this.#lastExit ?? await this.exited;
  }

  get #holder(): Holder {
    return holderOf(this);
  }

  #deliver(request: Request): void {
    if (this.exit !== undefined) return this.#refuse(request);
    const { direct } = this;
    if (direct !== undefined) return this.#relay(request, direct);
    if (this.#isHopeless(request)) return this.#refuse(request);
    if (this.#held.size >= MAX_HELD && weightOf(request) > 0) return this.#refuse(request);
    this.#held.push(request);
    if (this.#isCertain(request)) keepAlive.hold(true);
    request.onCancel = () => {
      if (!this.#held.remove(request)) return;
      if (this.#isCertain(request)) keepAlive.release(true);
      releaseAll(request.body.passages, this.#holder);
      this.#left(request);
    };
  }

  /** Whether the asker ends before the child is back. */
  #isHopeless({ asker, from }: Request): boolean {
    return asker !== undefined && isAmong(this.#companions, from);
  }

  /** Takes what waits here. */
  #release(): Request[] {
    const held = this.#held.clear();
    for (const request of held) if (this.#isCertain(request)) keepAlive.release(true);
    return held;
  }

  /** Whether somebody waits for an answer that will come: there is a supervisor, which restarts it or ends. */
  #isCertain({ asker }: Request): boolean {
    return asker !== undefined && this.#life !== undefined;
  }

  #relay(request: Request, actor: Target): void {
    request.onCancel = undefined;
    const left = () => this.#left(request);
    const lost = () => this.missed(actor);
    if (isCell(actor)) return relay(request, this.#holder, actor, { left, lost });
    const { verb, detail, body } = request;
    const castOf = request.asker === undefined ? detail || verb : undefined;
    const message = { weight: weightOf(request), bytes: sizeOf(body), castOf, left };
    const dropped = () => discard(actor, this.#holder, body);
    const gate = (send: () => void) => outboxOf(actor).submit({ ...message, send, dropped });
    relay(request, this.#holder, actor, { gate, lost });
  }

  #refuse(request: Request): void {
    request.onCancel = undefined;
    releaseAll(request.body.passages, this.#holder);
    // At once: its sender may be out of credit by nothing but what waits here, and the next is refused just so.
    this.#left(request, 1);
    if (request.asker === undefined) {
      deadLetters.add(`${this.name} (${this.contact.address})`, request.detail || request.verb);
    } else request.lose(this.exit ?? this.#lastExit ?? PARENT_GONE);
  }

  /** It is not here any more: its sender may send another. */
  #left(request: Request, batch?: number): void {
    if (request.asker === undefined) request.charge?.end();
    if (weightOf(request) === 0) return;
    this.#credits.give(request, batch);
    this.#credits.soon();
  }
}

/** Whether it takes a place in a mailbox. */
function weightOf({ verb }: Request): 0 | 1 {
  return verb === "room" || verb === "hasRoom" ? 0 : 1;
}
