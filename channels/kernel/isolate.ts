import { ProtocolError } from "../errors.ts";
import { type Exit, PARENT_GONE } from "../exit.ts";
import { accounts } from "./account.ts";
import {
  BOUNDARIES,
  type Boundary,
  childTowards,
  hasFewerRights,
  type IsolateId,
  isWithin,
  MAIN_SLOT,
  makeRootId,
  strangerOf,
} from "./address.ts";
import { BoundFrames, isShort } from "./bound_frame.ts";
import { briefExit, DeadIsolates } from "./dead_isolates.ts";
import { deadLetters } from "./dead_letters.ts";
import type { Envelope } from "./envelope.ts";
import { oneLine } from "./escape.ts";
import { decodeFrame, encodeFrame, readRoute } from "./frame.ts";
import { holders } from "./holder.ts";
import { keepAlive } from "./keep_alive.ts";
import type { Frame, Link, PeerLink } from "./link.ts";
import { logger } from "./log.ts";
import { EMPTY_PACKET } from "./packet.ts";
import { Routes } from "./routes.ts";
import { reasonOf } from "./show.ts";
import { singleton } from "./singleton.ts";
import { type Deadline, wheel } from "./wheel.ts";

/** More bytes than these are not to wait for an isolate by the doing of one that has fewer rights than this. */
const MOST_UNSENT = 8 * 1024 * 1024;

/** How long whoever started an isolate may take to say how it ended, before it counts as killed. */
const WORD_MS = 500;

/** What waits for a child that has yet to come. */
interface Early {
  readonly frames: Frame[];
  bytes: number;
}

/**
 * This isolate among the others: its name, its links, and who of the others is dead.
 *
 * Threads of one process, and subprocesses of one parent, have links to each other as they need them; all other links
 * follow the tree of isolates, as life does. Nobody above needs to know that; they post to an isolate.
 */
export class Isolate {
  /** Its links to others. */
  readonly routes: Routes = new Routes(makeRootId());
  /** Where envelopes for this isolate go. */
  deliver: (envelope: Envelope) => void = () => {};
  /** Who wants to know that an isolate, and everything below it, is gone. */
  readonly downListeners: Set<(isolate: IsolateId, exit: Exit) => void> = new Set();

  /** What was posted to, or below, children that have yet to come: it goes when their link is there. */
  readonly #early = new Map<IsolateId, Early>();
  readonly #dead = new DeadIsolates();
  /** Those that are dead, and how has yet to be told. */
  readonly #suspects = new Map<IsolateId, Deadline>();
  /** By neighbours with fewer rights: the link that was the last to be sent more by them than it takes. */
  readonly #slow = new Map<IsolateId, Link>();
  /** Whose frame is being taken, if that neighbour has fewer rights: what is posted meanwhile is that neighbour's doing. */
  #taking: IsolateId | undefined;
  #started = 0;

  /** This isolate's id. The root makes its own, all others are given theirs before anything else happens. */
  get id(): IsolateId {
    return this.routes.here;
  }

  /** The id of the next isolate that is started from here, or program that is connected to. */
  nextChildId(boundary: Boundary): IsolateId {
    const id = `${this.id}${BOUNDARIES[boundary]}${++this.#started}`;
    this.#early.set(id, { frames: [], bytes: 0 });
    return id;
  }

  /** Sends an envelope to the isolate it names, which may be this one. */
  post(envelope: Envelope): void {
    if (envelope.to === this.id) return queueMicrotask(() => this.deliver(envelope));
    const exit = this.exitOf(envelope.to);
    if (exit !== undefined) return queueMicrotask(() => this.#bounce(envelope, exit));
    const link = this.routes.linkTo(envelope.to);
    if (link?.post !== undefined) link.post(envelope);
    else if (link?.frames?.neighbour === envelope.to) link.frames.send(envelope);
    else if (!this.#send(encodeFrame(envelope), envelope.to, link)) {
      queueMicrotask(() => this.#bounce(envelope, LOST));
    }
    if (this.#taking !== undefined && link !== undefined) this.#noteSlow(link, this.#taking);
  }

  /** The short forms of the link to a neighbour that is not known to be dead; undefined if it is, or has none. */
  framesTo(neighbour: IsolateId): BoundFrames | undefined {
    if (this.exitOf(neighbour) !== undefined) return undefined;
    const frames = this.routes.linkTo(neighbour)?.frames;
    return frames?.neighbour === neighbour ? frames : undefined;
  }

  /** Uses `link` for a child isolate (and all below it). Its end is said by `down`, by whoever started the child. */
  addChild(child: IsolateId, link: Link, closed: (error?: Error) => void): void {
    if (this.exitOf(child) !== undefined) return link.close();
    const early = this.#early.get(child)?.frames ?? [];
    this.#early.delete(child);
    this.#link(child, link, closed);
    for (const frame of early) link.send(frame);
  }

  /** Ends the link to a child that has said its last. */
  hangUp(child: IsolateId): void {
    this.routes.tree.get(child)?.close();
  }

  /** Takes the id that this isolate was given. */
  name(id: IsolateId): void {
    this.routes.here = id;
  }

  /** Uses `link` for everything that is not here or below, unless there is a straight way. */
  setParent(link: Link, closed: () => void): void {
    this.#link(this.routes.parent, link, closed);
  }

  /** Uses `link` for another isolate that is neither parent nor child. */
  addPeer(id: IsolateId, link: PeerLink): void {
    this.routes.peers.set(id, link);
    if (link.direct) link.frames = new BoundFrames(this.id, id, link);
    link.start({
      frame: (frame) => this.#receive(frame, id, link),
      ...(link.direct && { short: (bytes, start, end) => this.#receiveShort(bytes, start, end, link) }),
      closed: () => {
        // Neither side can reach the other any more, and so each is dead to the other.
        if (this.routes.peers.get(id) === link) this.down(id, LOST);
      },
    });
  }

  /** Sends a frame along the tree, whatever other way there is. */
  carry(frame: Frame, to: IsolateId): void {
    this.#send(frame, to, this.routes.treeLinkTo(to));
  }

  /** An isolate with a straight link to this one is dead. Who started it may still say how it ended. */
  suspect(id: IsolateId): void {
    if (this.exitOf(id) !== undefined || this.#suspects.has(id)) return;
    this.#suspects.set(
      id,
      wheel.after(WORD_MS, () => {
        this.#suspects.delete(id);
        // The isolate that started it passes that on before it says how it ended.
        if (this.routes.awaitsTree(id)) this.suspect(id);
        else this.down(id, LOST);
      }),
    );
  }

  /** A promise while what a neighbour has sent to others still waits for them: it had better not be read until then. */
  held(neighbour: IsolateId): Promise<void> | undefined {
    const link = this.#slow.get(neighbour);
    const easing = link?.eased?.(MOST_UNSENT);
    if (easing === undefined) this.#slow.delete(neighbour);
    return easing;
  }

  /** Resolves when what was posted so far has left this isolate; undefined if it has by the time this returns. */
  flush(): Promise<void> | undefined {
    const { peers, tree } = this.routes;
    // In this order, as the first may leave something to the others.
    const leaving = flushAll(peers.values());
    return leaving === undefined ? flushAll(tree.values()) : leaving.then(() => flushAll(tree.values()));
  }

  /** How an isolate ended, or undefined while it is not known to have ended. Those below one that is gone are gone too. */
  exitOf(id: IsolateId): Exit | undefined {
    return this.#dead.exitOf(id);
  }

  /** An isolate is gone: settles everything here that it and those below it had a part in, and tells the neighbours. */
  down(gone: IsolateId, exit: Exit, heardFrom?: IsolateId): void {
    if (this.exitOf(gone) !== undefined) return;
    const more = this.routes.hearOut(gone);
    if (more !== undefined) return void more.then(() => this.down(gone, exit, heardFrom));
    // It may have been among what was heard.
    if (this.exitOf(gone) !== undefined) return;
    this.#dead.add(gone, exit, this.id);
    for (const [id, deadline] of this.#suspects) {
      if (!isWithin(id, gone)) continue;
      deadline.cancel();
      this.#suspects.delete(id);
    }
    this.#slow.delete(gone);
    const link = this.routes.remove(gone);
    if (link !== undefined) {
      link.close();
      keepAlive.linked(-1);
    }
    const early = this.#early.get(gone)?.frames ?? [];
    this.#early.delete(gone);
    for (const frame of early) this.#bounce(decodeFrame(frame), exit);
    this.#tell(gone, exit, heardFrom);
    for (const listener of [...this.downListeners]) listener(gone, exit);
    holders.sweepIsolate(gone);
    accounts.close(gone);
  }

  #tell(gone: IsolateId, exit: Exit, heardFrom: IsolateId | undefined): void {
    const { tree, peers } = this.routes;
    // A stranger may tell of any number below it.
    const stranger = strangerOf(gone, this.id);
    const told = stranger === undefined || stranger === gone ? exit : briefExit(exit);
    // The others hear it from whoever is above it, as this isolate did.
    for (const links of isWithin(gone, this.id) ? [tree, peers] : [tree]) {
      for (const [to, link] of links) {
        if (to === heardFrom) continue;
        const down = { kind: "down", to, from: this.id, isolate: gone, exit: told } as const;
        // Most other programs have never heard of it, and their links pass nothing on then.
        if (link.post !== undefined) link.post(down);
        else link.send(encodeFrame(down));
        if (heardFrom !== undefined) this.#noteSlow(link, heardFrom);
      }
    }
  }

  #link(id: IsolateId, link: Link, closed: (error?: Error) => void): void {
    this.routes.add(id, link);
    if (link.direct) link.frames = new BoundFrames(this.id, id, link);
    keepAlive.linked(1);
    link.start({
      frame: (frame) => this.#receive(frame, id, link),
      ...(link.direct && { short: (bytes, start, end) => this.#receiveShort(bytes, start, end, link) }),
      envelope: (envelope) => this.#receiveRead(envelope, id),
      closed,
    });
  }

  /** Puts a frame on the way to an isolate that is not this one; false if there is none. */
  #send(frame: Frame, to: IsolateId, link: Link | undefined): boolean {
    if (link !== undefined) link.send(frame);
    else {
      const early = this.#earlyFor(to);
      if (early === undefined) return false;
      early.frames.push(frame);
      early.bytes += frame.bytes.length;
    }
    return true;
  }

  #earlyFor(id: IsolateId): Early | undefined {
    return isWithin(id, this.id) ? this.#early.get(childTowards(id, this.id)) : undefined;
  }

  #receiveShort(bytes: Uint8Array, start: number, end: number, { frames }: Link): void {
    try {
      this.#take(frames!.decode(bytes, start, end), frames!.neighbour);
    } catch (error) {
      this.#misread(error, frames!.neighbour);
      this.routes.neighbour(frames!.neighbour)?.close();
    }
  }

  /**
   * Takes an envelope that the link has read itself.
   *
   * @throws {ProtocolError} If it is to end the link, which does that.
   */
  #receiveRead(envelope: Envelope, neighbour: IsolateId): void {
    try {
      this.#takeOf(envelope, neighbour);
    } catch (error) {
      this.#misread(error, envelope.from);
      throw error instanceof ProtocolError ? error : new ProtocolError("Cannot take a frame: it made something fail");
    }
  }

  #receive(frame: Frame, neighbour: IsolateId, link: Link): void {
    if (link.frames !== undefined && isShort(frame)) {
      return this.#receiveShort(frame.bytes, 0, frame.bytes.length, link);
    }
    let origin = neighbour;
    try {
      const route = readRoute(frame);
      origin = route.from;
      if (origin !== neighbour && !this.routes.speaksFor(neighbour, origin)) return;
      if (route.to !== this.id) this.#forward(frame, route.to, neighbour);
      else if (!this.#isAwaited(frame, origin, neighbour)) this.#takeOf(decodeFrame(frame), neighbour);
    } catch (error) {
      this.#misread(error, origin);
      // There is no telling what the rest of such a stream means: it costs the connection. Who only passed it on has
      // not read it, and is not to blame; one with fewer rights answers for all that are below it.
      if (origin === neighbour || hasFewerRights(neighbour, this.id)) this.routes.neighbour(neighbour)?.close();
    }
  }

  /**
   * What a frame made go wrong is its sender's doing, if that may have fewer rights, and must not end this isolate.
   *
   * @throws The error, if it is a mistake of this program's.
   */
  #misread(error: unknown, origin: IsolateId): void {
    if (error instanceof ProtocolError) return;
    if (!hasFewerRights(origin, this.id)) throw error;
    const message = `Cannot take what ${oneLine(origin)} has sent: ${reasonOf(error)}`;
    logger.log({ level: "error", event: "failed", message, error });
  }

  /** Whether a frame that came by the tree has its place among those that come straight from whoever sent it. */
  #isAwaited(frame: Frame, origin: IsolateId, neighbour: IsolateId): boolean {
    if (frame.moved.length === 0 || origin === neighbour) return false;
    this.routes.mesh?.look();
    return this.routes.peers.get(origin)?.arrived(frame) ?? false;
  }

  /** Something for this isolate has come from a neighbour, which may have fewer rights. */
  #takeOf(envelope: Envelope, neighbour: IsolateId): void {
    const { from } = envelope;
    // It would be nobody's, and no account would count it: a stranger can say that one below it is dead, and speak for it.
    if (from !== neighbour && hasFewerRights(from, this.id) && this.exitOf(from) !== undefined) return;
    if (!hasFewerRights(neighbour, this.id)) return this.#take(envelope, neighbour);
    this.#taking = neighbour;
    try {
      this.#take(envelope, neighbour);
    } finally {
      this.#taking = undefined;
    }
  }

  /** Something for this isolate has come from a neighbour. */
  #take(envelope: Envelope, neighbour: IsolateId): void {
    if (envelope.kind !== "down") return this.deliver(envelope);
    // Neighbours tell each other who is gone; it is never passed on as it is, so that nobody can tell it of others.
    if (envelope.from !== neighbour) return;
    const { isolate: gone, exit } = envelope;
    const mayTell = neighbour === this.routes.parent ? !this.routes.isSaidByPeer(gone) : isWithin(gone, neighbour);
    if (mayTell) this.down(gone, exit, neighbour);
  }

  #forward(frame: Frame, to: IsolateId, neighbour: IsolateId): void {
    const link = frame.moved.length > 0 ? this.routes.treeLinkTo(to) : this.routes.linkTo(to);
    // What is left for one that has yet to come is read here if it never comes: a malformed one is refused before.
    if (link === undefined && hasFewerRights(neighbour, this.id)) decodeFrame(frame);
    const isTaken = link !== undefined || !hasFewerRights(neighbour, this.id) || this.#hasRoomFor(frame, to);
    if (!isTaken || !this.#send(frame, to, link)) return this.#bounce(decodeFrame(frame), this.exitOf(to) ?? LOST);
    if (link !== undefined) this.#noteSlow(link, neighbour);
  }

  /** A neighbour has had something sent by that link. */
  #noteSlow(link: Link, neighbour: IsolateId): void {
    if ((link.unsent ?? 0) > MOST_UNSENT && hasFewerRights(neighbour, this.id)) this.#slow.set(neighbour, link);
  }

  /** Whether a stranger may leave something here for a child that has yet to come. */
  #hasRoomFor({ bytes }: Frame, to: IsolateId): boolean {
    return (this.#earlyFor(to)?.bytes ?? 0) + bytes.length <= MOST_UNSENT;
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

function flushAll(links: Iterable<Link>): Promise<void> | undefined {
  let leaving: Promise<void>[] | undefined;
  for (const link of links) {
    const more = link.flush();
    if (more !== undefined) (leaving ??= []).push(more);
  }
  return leaving && Promise.all(leaving).then(() => {});
}

/** How a cell ended whose isolate did: that of its main actor in the same way, all others because that one did. */
export function exitOfCell(slot: number, exit: Exit): Exit {
  return slot > MAIN_SLOT ? PARENT_GONE : exit;
}

const LOST: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };

/** This isolate. */
export const isolate: Isolate = singleton("isolate", () => new Isolate());
holders.isDead = (id) => isolate.exitOf(id) !== undefined;
holders.accountOf = (id) => accounts.of(id, isolate.id);
