import { ProtocolError } from "../errors.ts";
import { isForeign, type IsolateId, isWithin } from "../kernel/address.ts";
import { isCell, type Target } from "../kernel/cell.ts";
import { hasMoreTokens } from "../kernel/codec/tokens.ts";
import type { Envelope, Send } from "../kernel/envelope.ts";
import { decodeFrame, encodeFrame } from "../kernel/frame.ts";
import { isolate } from "../kernel/isolate.ts";
import type { Frame, Link, LinkListener } from "../kernel/link.ts";
import { EMPTY_PACKET } from "../kernel/packet.ts";
import { type Socket, SocketLink } from "../link/socket_link.ts";
import type { Naming } from "./naming.ts";

/** A peer is not read while it has more of what it asked for outstanding: so many requests, ... */
const MAX_REQUESTS = 65_536;
/** ... or so many bytes of them, or of answers that it has not read. */
const MAX_UNSETTLED_BYTES = 64 * 1024 * 1024;
/** Of so many values a frame may consist: each may take a hundred times its own length here. */
const MAX_TOKENS = 2 ** 21;
/** What a request takes beside its body. */
const REQUEST_BYTES = 512;
/** For so many isolates a peer may speak. */
const MAX_SPEAKERS = 1024;
/** A peer is gone when nothing has come from it for so many half heartbeats; it says something in each. */
const SILENT_BEATS = 3;

/** A frame that says only that its sender is there. */
const BEAT: Frame = { bytes: EMPTY_PACKET.bytes, moved: [] };

/** A request of the peer's. */
interface Asked {
  readonly to: IsolateId;
  readonly bytes: number;
  offered: boolean;
}

/** What bounds a border. */
export interface BorderOptions {
  readonly maxFrameBytes?: number | undefined;
  readonly heartbeatMs: number;
}

/**
 * The link to another program. Whatever passes has its names changed to those of the other side, so that this program's
 * isolates see one more isolate below the one that has the connection, and need know nothing of it; and whatever comes
 * in is that program's own, within its bounds.
 */
export class Border implements Link {
  /** Whether it ended because nothing came any more. */
  wentSilent = false;
  readonly #naming: Naming;
  readonly #link: SocketLink;
  readonly #heartbeatMs: number;
  /** The isolates of this program that the peer has heard of: their deaths are its business. */
  readonly #told = new Set<IsolateId>();
  /** The isolates of the peer's that have said something. */
  readonly #speakers = new Set<IsolateId>();
  /** The peer's unsettled requests: of whom, and how much each takes. */
  readonly #requests = new Map<string, Asked>();
  #requestBytes = 0;
  /** Answers that have not left yet. */
  #answerBytes = 0;
  #resume: (() => void) | undefined;
  #closed = false;
  #heard = false;
  #silent = 0;
  #pulse: ReturnType<typeof setInterval> | undefined;

  constructor(socket: Socket, naming: Naming, { maxFrameBytes, heartbeatMs }: BorderOptions) {
    this.#naming = naming;
    this.#heartbeatMs = heartbeatMs;
    const onRead = () => void (this.#heard = true);
    this.#link = new SocketLink(socket, { maxFrameBytes, onRead, beforeFrame: () => this.#beforeFrame() });
  }

  start(listener: LinkListener): void {
    this.#pulse = setInterval(() => this.#beat(), this.#heartbeatMs / 2);
    // An idle connection keeps no program alive.
    Deno.unrefTimer(this.#pulse);
    this.#link.start({
      frame: (frame) => this.#receive(frame, listener),
      closed: (error) => {
        this.#closed = true;
        clearInterval(this.#pulse);
        this.#resume?.();
        listener.closed(error);
      },
    });
  }

  send(frame: Frame): void {
    this.post(decodeFrame(frame));
  }

  post(envelope: Envelope): void {
    if (this.#closed) return;
    if (envelope.kind === "down") {
      this.#settleAll(({ to }) => isWithin(to, envelope.isolate));
      if (!this.#isToldOf(envelope.isolate)) return;
    }
    const named = this.#naming.outbound(envelope);
    this.#note(envelope);
    const { bytes } = encodeFrame(named);
    if (envelope.kind === "reply" || envelope.kind === "item") this.#answers(envelope, bytes.length);
    this.#link.send({ bytes, moved: [] });
  }

  flush(): Promise<void> {
    return this.#link.flush();
  }

  /** What was sent still leaves, if the peer reads it within two heartbeats. */
  close(): void {
    this.#closed = true;
    this.#link.close();
    const deadline = setTimeout(() => this.#link.abort(), 2 * this.#heartbeatMs);
    Deno.unrefTimer(deadline);
    void this.#link.flush().then(() => clearTimeout(deadline));
  }

  #receive(frame: Frame, listener: LinkListener): void {
    if (frame.bytes.length === 0) return;
    let envelope: Envelope;
    try {
      if (hasMoreTokens(frame.bytes, MAX_TOKENS)) {
        throw new ProtocolError("Cannot read a frame: it has too many values");
      }
      envelope = this.#naming.inbound(decodeFrame(frame));
      this.#admit(envelope);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // There is no telling what the rest of such a stream means.
      return this.#link.abort(error);
    }
    if (this.#isOutOfReach(envelope.to)) return this.#bounce(envelope);
    if (envelope.to === isolate.id && listener.envelope !== undefined) listener.envelope(envelope);
    else listener.frame(encodeFrame(envelope));
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
        if (envelope.id !== 0) this.#ask(envelope);
        return;
      case "taken":
        return this.#take(`${envelope.id} ${from}`);
      case "down":
        for (const speaker of this.#speakers) if (isWithin(speaker, envelope.isolate)) this.#speakers.delete(speaker);
        this.#settleAll((_, key) => isWithin(key.slice(key.indexOf(" ") + 1), envelope.isolate));
        return;
    }
  }

  #ask({ id, from, to, body }: Send): void {
    const key = `${id} ${from}`;
    if (this.#requests.has(key)) throw new ProtocolError("Cannot read a frame: a request has the number of another");
    const bytes = body.bytes.length + REQUEST_BYTES;
    this.#requests.set(key, { to, bytes, offered: false });
    this.#requestBytes += bytes;
  }

  /** It has something for good, or gives it back. What it was not offered it cannot take; what is settled is settled. */
  #take(key: string): void {
    const asked = this.#requests.get(key);
    if (asked?.offered === false) throw new ProtocolError("Cannot read a frame: it takes what was not offered");
    this.#settle(key);
  }

  #settle(key: string): void {
    this.#requestBytes -= this.#requests.get(key)?.bytes ?? 0;
    this.#requests.delete(key);
    this.#mayResume();
  }

  /** Who was asked is gone, or who asked. */
  #settleAll(isOver: (asked: Asked, key: string) => boolean): void {
    for (const [key, asked] of this.#requests) if (isOver(asked, key)) this.#settle(key);
  }

  /** An answer is leaving. What a peer asks for and does not read must not pile up here without end. */
  #answers({ kind, id, to }: Envelope & { readonly id: number }, bytes: number): void {
    const asked = this.#requests.get(`${id} ${to}`);
    if (kind === "reply") this.#settle(`${id} ${to}`);
    else if (asked !== undefined) asked.offered = true;
    const first = this.#answerBytes === 0;
    this.#answerBytes += bytes;
    if (!first) return;
    queueMicrotask(() =>
      this.#link.flush().then(() => {
        this.#answerBytes = 0;
        this.#mayResume();
      })
    );
  }

  get #isFull(): boolean {
    return this.#requests.size > MAX_REQUESTS || this.#requestBytes > MAX_UNSETTLED_BYTES ||
      this.#answerBytes > MAX_UNSETTLED_BYTES;
  }

  #mayResume(): void {
    if (this.#resume !== undefined && !this.#isFull) this.#resume();
  }

  /** A peer that has too much outstanding is read but once in a while: it may be about to take something back. */
  #beforeFrame(): Promise<void> | undefined {
    if (!this.#isFull || this.#closed) return undefined;
    return new Promise((resolve) => {
      this.#resume = () => {
        this.#resume = undefined;
        resolve();
      };
    });
  }

  #beat(): void {
    // One that is not read is not silent; but when it takes nothing any more it is gone.
    this.#silent = this.#heard || (this.#resume !== undefined && !this.#link.broken) ? 0 : this.#silent + 1;
    this.#heard = false;
    this.#resume?.();
    if (this.#silent >= SILENT_BEATS) {
      this.wentSilent = true;
      this.#link.abort();
    } else this.#link.send(BEAT);
  }

  /** Through this program a peer reaches only those of others that it was told of. */
  #isOutOfReach(to: IsolateId): boolean {
    return isForeign(to) && !this.#told.has(to);
  }

  #bounce(envelope: Envelope): void {
    if (envelope.kind !== "send" || envelope.id === 0) return;
    const { to: from, from: to, id } = envelope;
    const reply = { kind: "reply", to, from, id, outcome: "lost", body: EMPTY_PACKET } as const;
    this.#settle(`${id} ${to}`);
    this.#link.send(encodeFrame(this.#naming.outbound(reply)));
  }

  #note(envelope: Envelope): void {
    this.#told.add(envelope.from);
    if (!("body" in envelope)) return;
    for (const { target, also } of envelope.body.passages) {
      this.#told.add(isolateOf(target));
      if (also !== undefined) this.#told.add(isolateOf(also));
    }
  }

  /** Whether the peer knows anybody of those who are gone; from now on it knows them no more. */
  #isToldOf(gone: IsolateId): boolean {
    let isTold = false;
    for (const id of this.#told) {
      if (!isWithin(id, gone)) continue;
      this.#told.delete(id);
      isTold = true;
    }
    return isTold;
  }
}

function isolateOf(target: Target): IsolateId {
  return isCell(target) ? isolate.id : target.isolate;
}
