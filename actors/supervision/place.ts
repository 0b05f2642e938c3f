import { type Exit, PARENT_GONE } from "../../channels/exit.ts";
import { DISCARD } from "../../channels/kernel/ask.ts";
import { Cell, isCell, type Target } from "../../channels/kernel/cell.ts";
import { deadLetters } from "../../channels/kernel/dead_letters.ts";
import { Deque } from "../../channels/kernel/deque.ts";
import { releaseAll } from "../../channels/kernel/handle.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { type CellReport, type Listed, listing, whereIs } from "../../channels/kernel/listed.ts";
import { holderOf, relay } from "../../channels/kernel/relay.ts";
import type { Request } from "../../channels/kernel/request.ts";
import type { Actor } from "../actor.ts";
import { Contact, type PlacementName } from "../contact.ts";
import { actorExited } from "../exited.ts";
import { control, type EndSignal, type Keeper } from "../keeper.ts";
import { outboxOf } from "../outbox.ts";
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
  /** Settles when the child has ended for good. */
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  #settleExited!: (exit: Exit) => void;
  #current: Contact | undefined;
  #lastExit: Exit | undefined;
  readonly #held = new Deque<Request>();

  constructor(name: string, placement: PlacementName) {
    super();
    this.name = name;
    this.contact = new Contact(name, placement, this, this);
    this.exited = new Promise((resolve) => this.#settleExited = resolve);
    listing.add(this);
  }

  report(): CellReport {
    return { place: { address: whereIs(this), name: this.name } };
  }

  /** The child lives; what was sent to it in the meantime is its first mail. */
  up(child: Contact): void {
    this.#current = child;
    this.exit = undefined;
    for (const request of this.#held.clear()) this.#relay(request, child.actor);
  }

  /** The child has ended, and may come back. */
  down(exit: Exit): void {
    this.#current = undefined;
    this.#lastExit = exit;
  }

  /** The child has ended, and nobody means to bring it back. */
  over(exit: Exit): void {
    this.down(exit);
    this.exit = exit;
    for (const request of this.#held.clear()) this.#refuse(request);
    this.#settleExited(exit);
  }

  /** The child itself, when nothing waits here that has to reach it first. */
  override get direct(): Target | undefined {
    const { actor } = this.#current ?? {};
    if (actor === undefined || this.#held.size > 0) return undefined;
    const dead = isCell(actor) ? (actor as Actor).exit !== undefined : isolate.exitOf(actor.isolate) !== undefined;
    return dead ? undefined : actor;
  }

  receive(request: Request): void {
    switch (request.verb) {
      case "call":
      case "cast":
      case "message":
      case "room":
        return this.#deliver(request);
      case PROBE:
        return receiveProbe(request, (about, trail) => this.probed(about, trail));
      case DISCARD:
        return releaseAll(request.body.passages, holderOf(this));
      default:
        if (control(this, request)) return;
        request.throw(new TypeError(`Cannot ask ${this.name}: no such request as "${request.verb}"`));
    }
  }

  /** Somebody wants to know for whom a call waits that was handed on to the child. */
  probed(call: Request, trail: Trail): void {
    sendOnward(call.onward, holderOf(this), trail);
  }

  /** Stops this life of the child; its supervisor decides what comes then. */
  async stop(graceMs: number): Promise<Exit> {
    return await (this.#current?.stop(graceMs) ?? this.#ended());
  }

  /** Ends this life of the child. */
  async kill(signal: EndSignal): Promise<Exit> {
    return await (this.#current?.end(signal) ?? this.#ended());
  }

  orphan(): void {
    void this.kill("SIGKILL");
  }

  interrupt(): void {
    void this.#current?.interrupt();
  }

  result(request: Request): void {
    const lost = (exit: Exit) => actorExited("read the result", this.name, this.contact.address, exit);
    if (this.#current === undefined) void this.#ended().then((exit) => request.throw(lost(exit)));
    else {this.#current.result(true).then((value) =>
        request.replyValue(value, "result"), (error) =>
        request.throw(error));}
  }

  async #ended(): Promise<Exit> {
    return this.#lastExit ?? await this.exited;
  }

  #deliver(request: Request): void {
    if (this.exit !== undefined) return this.#refuse(request);
    const { direct } = this;
    if (direct !== undefined) return this.#relay(request, direct);
    if (this.#held.size >= MAX_HELD) return this.#refuse(request);
    this.#held.push(request);
    request.onCancel = () => {
      if (this.#held.remove(request)) releaseAll(request.body.passages, holderOf(this));
    };
  }

  #relay(request: Request, actor: Target): void {
    request.onCancel = undefined;
    if (isCell(actor)) return relay(request, holderOf(this), actor);
    const weight = request.verb === "room" ? 0 : 1;
    const castOf = request.asker === undefined ? request.detail || request.verb : undefined;
    const bytes = request.body.bytes.length;
    relay(request, holderOf(this), actor, (send) => void outboxOf(actor).submit({ weight, bytes, castOf, send }));
  }

  #refuse(request: Request): void {
    request.onCancel = undefined;
    releaseAll(request.body.passages, holderOf(this));
    if (request.asker === undefined) {
      deadLetters.add(`${this.name} (${this.contact.address})`, request.detail || request.verb);
    } else request.lose(this.exit ?? this.#lastExit ?? PARENT_GONE);
  }
}
