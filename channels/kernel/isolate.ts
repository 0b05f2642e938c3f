import { ProtocolError } from "../errors.ts";
import { type Exit, PARENT_GONE } from "../exit.ts";
import { childTowards, type IsolateId, isWithin, MAIN_SLOT, makeRootId, parentOf } from "./address.ts";
import { deadLetters } from "./dead_letters.ts";
import type { Envelope } from "./envelope.ts";
import { decodeFrame, encodeFrame, readRoute } from "./frame.ts";
import { holders } from "./holder.ts";
import { keepAlive } from "./keep_alive.ts";
import type { Frame, Link } from "./link.ts";
import { EMPTY_PACKET } from "./packet.ts";
import { singleton } from "./singleton.ts";

/** What in an id enters each kind of isolate. */
const BOUNDARIES = { thread: ".", process: "/", connection: "@" } as const;

/** How many dead isolates are remembered, so that what is sent to them fails here and now. */
const KNOWN_DEAD = 10_000;

/**
 * This isolate among the others: its name, its links, and who of the others is dead.
 *
 * Links follow the tree of isolates: what is not for this isolate goes to the child that is on its way, or else up.
 * Nobody above needs to know that; they post to an isolate.
 */
export class Isolate {
  /** This isolate's id. The root makes its own, all others are given theirs before anything else happens. */
  id: IsolateId = makeRootId();
  /** Where envelopes for this isolate go. */
  deliver: (envelope: Envelope) => void = () => {};
  /** Who wants to know that an isolate, and everything below it, is gone. */
  readonly downListeners: Set<(isolate: IsolateId, exit: Exit) => void> = new Set();

  readonly #links = new Map<IsolateId, Link>();
  /** What was posted to, or below, children that have yet to come: it goes when their link is there. */
  readonly #early = new Map<IsolateId, Frame[]>();
  readonly #dead = new Map<IsolateId, Exit>();
  #parent: Link | undefined;
  /** Who is at the other end of that. */
  #above: IsolateId = "";
  #started = 0;

  /** The id of the next isolate that is started from here, or program that is connected to. */
  nextChildId(boundary: keyof typeof BOUNDARIES): IsolateId {
    const id = `${this.id}${BOUNDARIES[boundary]}${++this.#started}`;
    this.#early.set(id, []);
    return id;
  }

  /** Sends an envelope to the isolate it names, which may be this one. */
  post(envelope: Envelope): void {
    if (envelope.to === this.id) {
      queueMicrotask(() => this.deliver(envelope));
      return;
    }
    const exit = this.exitOf(envelope.to);
    if (exit !== undefined) {
      queueMicrotask(() => this.#bounce(envelope, exit));
      return;
    }
    const link = this.#linkTo(envelope.to);
    if (link?.post !== undefined) link.post(envelope);
    else if (!this.#send(encodeFrame(envelope), envelope.to, link)) {
      queueMicrotask(() => this.#bounce(envelope, LOST));
    }
  }

  /** Uses `link` for a child isolate (and all below it). Its end is said by `down`, by whoever started the child. */
  addChild(child: IsolateId, link: Link, closed: () => void): void {
    if (this.exitOf(child) !== undefined) return link.close();
    const early = this.#early.get(child) ?? [];
    this.#early.delete(child);
    this.#links.set(child, link);
    keepAlive.linked(1);
    link.start({
      frame: (frame) => this.#receive(frame, child),
      envelope: (envelope) => this.#take(envelope, child),
      closed,
    });
    for (const frame of early) link.send(frame);
  }

  /** Ends the link to a child that has said its last. */
  hangUp(child: IsolateId): void {
    this.#links.get(child)?.close();
  }

  /** Uses `link` for everything that is not here or below. */
  setParent(id: IsolateId, link: Link, closed: () => void): void {
    this.id = id;
    this.#above = parentOf(id);
    this.#parent = link;
    keepAlive.linked(1);
    link.start({
      frame: (frame) => this.#receive(frame, undefined),
      envelope: (envelope) => this.#take(envelope, undefined),
      closed,
    });
  }

  /** Resolves when what was posted so far has left this isolate. */
  async flush(): Promise<void> {
    await Promise.all([this.#parent, ...this.#links.values()].map((link) => link?.flush()));
  }

  /** How an isolate ended, or undefined while it is not known to have ended. Those below one that is gone are gone too. */
  exitOf(id: IsolateId): Exit | undefined {
    if (this.#dead.size === 0) return undefined;
    const exit = this.#dead.get(id);
    if (exit !== undefined) return exit;
    for (let above = parentOf(id); above !== ""; above = parentOf(above)) if (this.#dead.has(above)) return PARENT_GONE;
    return undefined;
  }

  /** An isolate is gone: settles everything here that it and those below it had a part in, and tells the neighbours. */
  down(gone: IsolateId, exit: Exit, heardFrom?: Link): void {
    if (this.exitOf(gone) !== undefined) return;
    this.#dead.set(gone, exit);
    if (this.#dead.size > KNOWN_DEAD) this.#dead.delete(this.#dead.keys().next().value!);
    const link = this.#links.get(gone);
    if (link !== undefined) {
      this.#links.delete(gone);
      link.close();
      keepAlive.linked(-1);
    }
    const early = this.#early.get(gone) ?? [];
    this.#early.delete(gone);
    for (const frame of early) this.#bounce(decodeFrame(frame), exit);
    for (const [id, neighbour] of this.#links) {
      if (neighbour !== heardFrom) {
        neighbour.send(encodeFrame({ kind: "down", to: id, from: this.id, isolate: gone, exit }));
      }
    }
    if (this.#parent !== undefined && this.#parent !== heardFrom) {
      this.#parent.send(encodeFrame({ kind: "down", to: parentOf(this.id), from: this.id, isolate: gone, exit }));
    }
    for (const listener of [...this.downListeners]) listener(gone, exit);
    holders.sweepIsolate(gone);
  }

  #linkTo(id: IsolateId): Link | undefined {
    const direct = this.#links.get(id);
    if (direct !== undefined) return direct;
    return isWithin(id, this.id) ? this.#links.get(childTowards(id, this.id)) : this.#parent;
  }

  /** Puts a frame on the way to an isolate that is not this one; false if there is none. */
  #send(frame: Frame, to: IsolateId, link: Link | undefined = this.#linkTo(to)): boolean {
    if (link === undefined) {
      return isWithin(to, this.id) && this.#early.get(childTowards(to, this.id))?.push(frame) !== undefined;
    }
    link.send(frame);
    return true;
  }

  #receive(frame: Frame, from: IsolateId | undefined): void {
    const neighbour = from ?? this.#above;
    let origin = neighbour;
    try {
      const route = readRoute(frame);
      origin = route.from;
      // A child speaks for itself and those below it; else a sandboxed one could answer calls made to others.
      if (from !== undefined && !isWithin(origin, from)) return;
      this.#accept(frame, route.to, from);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // There is no telling what the rest of such a stream means: it costs the connection. Who only passed it on has
      // not read it, and is not to blame.
      if (origin === neighbour) (from === undefined ? this.#parent : this.#links.get(from))?.close();
    }
  }

  #accept(frame: Frame, to: IsolateId, from: IsolateId | undefined): void {
    if (to !== this.id) this.#forward(frame, to);
    else this.#take(decodeFrame(frame), from);
  }

  /** Something for this isolate has come from a child, or from the parent. */
  #take(envelope: Envelope, from: IsolateId | undefined): void {
    if (envelope.kind !== "down") return this.deliver(envelope);
    // Neighbours tell each other who is gone; it is never passed on as it is, so that nobody can tell it of others.
    if (envelope.from !== (from ?? this.#above)) return;
    if (from === undefined || isWithin(envelope.isolate, from)) {
      this.down(envelope.isolate, envelope.exit, from === undefined ? this.#parent : this.#links.get(from));
    }
  }

  #forward(frame: Frame, to: IsolateId): void {
    if (!this.#send(frame, to)) this.#bounce(decodeFrame(frame), this.exitOf(to) ?? LOST);
  }

  /** Nobody will ever get this envelope: whoever waits for an answer is told so. */
  #bounce(envelope: Envelope, exit: Exit): void {
    if (envelope.kind !== "send") return;
    if (envelope.id === 0) deadLetters.add(`${envelope.to}#${envelope.slot}`, envelope.detail || envelope.verb);
    else {this.post({
        kind: "reply",
        to: envelope.from,
        from: envelope.to,
        id: envelope.id,
        outcome: "lost",
        body: EMPTY_PACKET,
        exit: exitOfCell(envelope.slot, exit),
      });}
  }
}

/** How a cell ended whose isolate did: that of its main actor in the same way, all others because that one did. */
export function exitOfCell(slot: number, exit: Exit): Exit {
  return slot > MAIN_SLOT ? PARENT_GONE : exit;
}

const LOST: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };

/** This isolate. */
export const isolate: Isolate = singleton("isolate", () => new Isolate());
