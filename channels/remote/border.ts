import { ProtocolError } from "../errors.ts";
import { isForeign, type IsolateId, isWithin } from "../kernel/address.ts";
import { hasMoreTokens } from "../kernel/codec/tokens.ts";
import { Deque } from "../kernel/deque.ts";
import type { Envelope } from "../kernel/envelope.ts";
import { KEPT } from "../kernel/escrow.ts";
import { decodeFrame, encodeFrame } from "../kernel/frame.ts";
import { isolate } from "../kernel/isolate.ts";
import type { Frame, Link, LinkListener } from "../kernel/link.ts";
import { tooLong } from "../kernel/pack.ts";
import { EMPTY_PACKET } from "../kernel/packet.ts";
import { FairShare } from "../link/fair_share.ts";
import { LONGEST_FRAME_BYTES, type Socket, SocketLink } from "../link/socket_link.ts";
import type { Naming } from "./naming.ts";
import { Outstanding } from "./outstanding.ts";
import { insteadOf, tooManyValues, tooMuchAsked, tooMuchUnread, withoutHandles } from "../link/refused.ts";
import { Told } from "./told.ts";

/** Of so many values a frame may consist: each may take a hundred times its own length here. */
const MAX_TOKENS = 2 ** 21;
/** For so many isolates a peer may speak. */
const MAX_SPEAKERS = 1024;
/**
 * A peer is gone when nothing has come from it for so many half heartbeats, in each of which it says something, or when it
 * has read nothing for so long of the much that waits for it.
 */
const SILENT_BEATS = 3;

/** A frame that says only that its sender is there, as whatever else waits to be read does. */
const BEAT: Frame = { bytes: EMPTY_PACKET.bytes, moved: [] };

/** The kinds that settle what this side has asked or offered, and those that come before such an answer. */
const ANSWERS: ReadonlySet<Envelope["kind"]> = new Set(["reply", "item", "taken", "credit", "grant"]);

/** What bounds a border. */
export interface BorderOptions {
  /** The longest frame that is taken here. */
  readonly maxFrameBytes: number;
  /** The longest frame that the peer takes. */
  readonly maxSentBytes: number;
  /** How much of the peer's requests, and of what it has not read, there may be before its next request waits. */
  readonly maxUnsettledBytes: number;
  readonly heartbeatMs: number;
}

/**
 * The link to another program. Whatever passes has its names changed to those of the other side, so that this program's
 * isolates see one more isolate below the one that has the connection, and need know nothing of it; and whatever comes
 * in is that program's own, within its bounds.
 */
export class Border implements Link {
  readonly maxBytes: number;
  /** Whether it ended because nothing came any more. */
  wentSilent = false;
  readonly #naming: Naming;
  readonly #link: SocketLink;
  readonly #heartbeatMs: number;
  /** In this name isolates are asked for their word. No peer can have it. */
  readonly #prober: IsolateId;
  readonly #told: Told;
  /** The isolates of the peer's that have said something. */
  readonly #speakers = new Set<IsolateId>();
  readonly #outstanding: Outstanding;
  /** A request that waits for room, and what came behind it. */
  readonly #line = new Deque<Envelope>();
  readonly #share = new FairShare();
  #isPaused = false;
  /** Tells that the link has ended, when what has come by it is taken. */
  #over: (() => void) | undefined;
  #listener: LinkListener | undefined;
  #closed = false;
  #heard = false;
  #wrote = false;
  #silent = 0;
  #pulse: ReturnType<typeof setInterval> | undefined;

  constructor(socket: Socket, naming: Naming, options: BorderOptions) {
    const { maxFrameBytes, maxSentBytes, maxUnsettledBytes, heartbeatMs } = options;
    this.#naming = naming;
    this.#prober = `${naming.alias}!probe`;
    this.#told = new Told(naming.alias);
    this.#heartbeatMs = heartbeatMs;
    this.maxBytes = Math.min(maxSentBytes, LONGEST_FRAME_BYTES);
    this.#outstanding = new Outstanding(maxUnsettledBytes, heartbeatMs / 2, (to) => this.#probe(to));
    this.#link = new SocketLink(socket, {
      maxFrameBytes,
      maxSentBytes: this.maxBytes,
      onRead: () => {
        this.#heard = true;
        this.#share.begin();
      },
      onWritten: () => {
        this.#wrote = true;
        if (this.#link.broken) this.#outstanding.end();
        else this.#outstanding.left(this.#link.written);
      },
      afterFrame: () => this.#pause(),
    });
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
    this.#pulse = setInterval(() => this.#beat(), this.#heartbeatMs / 2);
    // An idle connection keeps no program alive.
    Deno.unrefTimer(this.#pulse);
    this.#link.start({
      frame: (frame) => this.#receive(frame),
      closed: (error) => {
        clearInterval(this.#pulse);
        this.#outstanding.end();
        this.#over = () => {
          this.#over = undefined;
          this.#closed = true;
          listener.closed(error);
        };
        // The envelopes that came before the end are still taken.
        if (this.#closed || this.#line.size === 0) this.#over();
      },
    });
  }

  send(frame: Frame): void {
    this.post(decodeFrame(frame));
  }

  post(envelope: Envelope): void {
    if (this.#closed) return;
    if (envelope.to === this.#prober) return this.#outstanding.probed(envelope.from);
    if (envelope.kind === "down") {
      this.#outstanding.settleAll((to) => isWithin(to, envelope.isolate));
      if (!this.#told.forget(envelope.isolate)) return;
    }
    const isAnswer = envelope.kind === "reply" || envelope.kind === "item";
    const error = isAnswer && this.#outstanding.hasExcessUnread ? tooMuchUnread() : this.#send(envelope);
    if (error === undefined) return;
    const { back, on } = insteadOf(envelope, error);
    if (on !== undefined && this.#send(on) !== undefined) this.#send(withoutHandles(on));
    // The sender first notes that it has sent this.
    queueMicrotask(() => back.forEach((said) => this.#give(said)));
  }

  /** Returns why the peer would not take it, if it would not. */
  #send(envelope: Envelope): Error | undefined {
    const { bytes } = encodeFrame(this.#naming.outbound(envelope));
    if (bytes.length > this.maxBytes) return tooLong("message", bytes.length, this.maxBytes);
    if (hasMoreTokens(bytes, MAX_TOKENS)) return tooManyValues(MAX_TOKENS);
    this.#told.note(envelope);
    this.#pass(envelope, bytes);
    return undefined;
  }

  /** All that the peer makes this program say counts until it is read. */
  #pass(envelope: Envelope, bytes: Uint8Array): void {
    this.#link.send({ bytes, moved: [] });
    if (envelope.kind === "reply" || envelope.kind === "item") {
      this.#outstanding.answer(envelope.kind, `${envelope.id} ${envelope.to}`, bytes.length, this.#link.queued);
    } else if (envelope.kind !== "send" || envelope.verb === KEPT) {
      this.#outstanding.told(bytes.length, this.#link.queued);
    }
  }

  flush(): Promise<void> {
    return this.#link.flush();
  }

  /** What was sent still leaves, if the peer reads it within two heartbeats. */
  close(): void {
    this.#closed = true;
    this.#outstanding.end();
    this.#link.close();
    const deadline = setTimeout(() => this.#link.abort(), 2 * this.#heartbeatMs);
    Deno.unrefTimer(deadline);
    void this.#link.flush().then(() => clearTimeout(deadline));
  }

  #receive(frame: Frame): void {
    if (frame.bytes.length === 0) return;
    try {
      if (hasMoreTokens(frame.bytes, MAX_TOKENS)) {
        throw new ProtocolError("Cannot read a frame: it has too many values");
      }
      const envelope = this.#naming.inbound(decodeFrame(frame));
      // What the peer says to what this side has said waits for nothing: both might wait for each other.
      const waits = this.#line.size > 0 && !ANSWERS.has(envelope.kind);
      const room = waits || !isRequest(envelope) ? undefined : this.#outstanding.room();
      if (!waits && room === undefined) return this.#take(envelope);
      this.#line.push(envelope);
      this.#outstanding.wait(bytesOf(envelope), 1);
      if (room !== undefined) void this.#serve(room);
    } catch (error) {
      this.#misread(error);
    }
  }

  /** Lets in what waits, the first when there is room. */
  async #serve(room: Promise<void> | undefined): Promise<void> {
    await room;
    while (this.#line.size > 0 && !this.#closed) {
      const next = this.#line.shift()!;
      this.#outstanding.wait(bytesOf(next), -1);
      this.#take(next);
      if (this.#line.size > 0) await this.#share.turn();
      const first = this.#line.peek();
      if (first !== undefined && isRequest(first)) await this.#outstanding.room();
    }
    this.#over?.();
  }

  #pause(): Promise<void> | undefined {
    const pause = this.#outstanding.pause() ?? this.#share.turn();
    this.#isPaused = pause !== undefined;
    return pause?.then(() => void (this.#isPaused = false));
  }

  #take(envelope: Envelope): void {
    try {
      const isTooMuch = isRequest(envelope) && this.#outstanding.hasExcess;
      this.#admit(envelope);
      if (this.#isOutOfReach(envelope.to)) return this.#bounce(envelope);
      if (!isTooMuch) return this.#give(envelope);
      const { back, on } = insteadOf(envelope, tooMuchAsked());
      if (on !== undefined) this.#give(on);
      for (const said of back) this.#send(said);
    } catch (error) {
      this.#misread(error);
    }
  }

  /** Asks an isolate for a cell that does not exist. The answer comes in its turn. */
  #probe(to: IsolateId): void {
    const cell = { slot: 0, incarnation: 0, secret: "", holder: 0 };
    this.#give({ kind: "send", to, from: this.#prober, ...cell, id: 1, verb: "", detail: "", body: EMPTY_PACKET });
  }

  /** There is no telling what the rest of a malformed stream means. */
  #misread(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.#link.abort(error);
  }

  #give(envelope: Envelope): void {
    try {
      if (envelope.to === isolate.id && this.#listener?.envelope !== undefined) this.#listener.envelope(envelope);
      else this.#listener?.frame(encodeFrame(envelope));
    } catch (error) {
      this.#misread(error);
    }
  }

  #admit(envelope: Envelope): void {
    const { from } = envelope;
    if (!this.#speakers.has(from)) {
      if (this.#speakers.size >= MAX_SPEAKERS) {
        throw new ProtocolError("Cannot read a frame: too many isolates send some");
      }
      this.#speakers.add(from);
    }
    switch (envelope.kind) {
      case "send":
        if (envelope.id !== 0) {
          this.#outstanding.ask(`${envelope.id} ${from}`, envelope.to, envelope.body.bytes.length);
        }
        return;
      case "taken":
        return this.#outstanding.take(`${envelope.id} ${from}`);
      case "down":
        // Of others it has nothing to say, and nobody takes it.
        if (!isWithin(envelope.isolate, this.#naming.alias)) return;
        for (const speaker of this.#speakers) if (isWithin(speaker, envelope.isolate)) this.#speakers.delete(speaker);
        this.#outstanding.settleAll((_, key) => isWithin(key.slice(key.indexOf(" ") + 1), envelope.isolate));
        return;
    }
  }

  #beat(): void {
    // A peer that is not read is not silent.
    const isThere = this.#heard || (this.#isPaused && !this.#link.broken);
    const reads = this.#wrote || !this.#outstanding.isUnread;
    this.#silent = isThere && reads ? 0 : this.#silent + 1;
    this.#heard = this.#wrote = false;
    if (this.#silent >= SILENT_BEATS) {
      this.wentSilent = true;
      this.#link.abort();
    } else if (this.#link.unsent === 0) this.#link.send(BEAT);
  }

  /** Through this program a peer reaches only those of others that it was told of. */
  #isOutOfReach(to: IsolateId): boolean {
    return isForeign(to) && !this.#told.has(to);
  }

  #bounce(envelope: Envelope): void {
    if (envelope.kind !== "send" || envelope.id === 0) return;
    const { to: from, from: to, id } = envelope;
    const reply = { kind: "reply", to, from, id, outcome: "lost", body: EMPTY_PACKET } as const;
    // The peer is not told of anybody by that: it stays out of reach.
    this.#pass(reply, encodeFrame(this.#naming.outbound(reply)).bytes);
  }
}

function bytesOf(envelope: Envelope): number {
  return "body" in envelope ? envelope.body.bytes.length : 0;
}

function isRequest(envelope: Envelope): boolean {
  return envelope.kind === "send" && envelope.id !== 0;
}
