import { ProtocolError } from "../errors.ts";
import { isForeign, type IsolateId } from "../kernel/address.ts";
import { Deque } from "../kernel/deque.ts";
import { wheel } from "../kernel/wheel.ts";

/** A peer that has more unsettled requests has to wait. */
const MAX_REQUESTS = 65_536;
/** What a request takes beside its body. */
const REQUEST_BYTES = 512;
/**
 * Requests that are not answered when nothing was for so long wait for something, and count no more as about to be
 * answered. Long answers take longer.
 */
const MOMENT_MS = { short: 10, long: 50 };
/** An isolate that is busy for longer keeps nothing out. */
const BUSY_MS = 1000;
/** So often at most a moment is halved. */
const MOST_HALVED = 8;
/** So many requests may be about to be answered at a time, by how long answers are. */
const WINDOW = { least: 4, first: 8, most: 128 };
/** Above so many times the bound, what would add to it is refused, or not read. */
const REFUSED_AT = 4;

interface Asked {
  readonly to: IsolateId;
  readonly bytes: number;
  /** When it was let in, counted in moments. */
  moment: number;
  offered: boolean;
}

/** Something said that the system has yet to take. */
interface Unread {
  readonly bytes: number;
  readonly isAnswer: boolean;
  /** It has left when the link has written so much. */
  readonly end: number;
}

/**
 * Counts a peer's unsettled requests, and what it has not read: the answers, and whatever else this program says because of
 * what the peer has said. Above a bound, its next request waits; far above it, requests and answers are refused, and
 * nothing of the peer's is read while it leaves all the rest unread. This program's own requests count for nothing: a
 * peer may have to wait for an answer before it can read them.
 *
 * How long an answer is shows only when it is there. So a few requests are let in at a time, by how long the last answers
 * were. Some requests wait for what the peer has yet to say; so after a moment the next are let in all the same, and while
 * no long answer comes, twice as many after each such moment, which is half as long.
 */
export class Outstanding {
  readonly #maxBytes: number;
  readonly #stalledMs: number;
  readonly #probe: (isolate: IsolateId) => void;
  readonly #requests = new Map<string, Asked>();
  #requestBytes = 0;
  /** What has yet to be let in. */
  #waitingCount = 0;
  #waitingBytes = 0;
  readonly #unread = new Deque<Unread>();
  /** Of answers; and of the rest. */
  #unreadBytes = 0;
  #toldBytes = 0;
  /** How long the next answer may well be. */
  #likelyBytes: number;
  #moment = 0;
  /** How many moments have passed in vain since the last long answer. */
  #vain = 0;
  /** How many requests of this moment are unanswered. */
  #fresh = 0;
  /** The isolates that were asked in this moment; and those that have yet to give their word. */
  readonly #asked = new Set<IsolateId>();
  #silent = new Set<IsolateId>();
  /** How often something was settled, or has left. */
  #changes = 0;
  /** Those who wait for a change. */
  readonly #waiting = new Set<() => void>();
  /** So many requests need not wait for others to be settled. */
  #spared = 0;
  #over = false;

  /**
   * @param maxBytes the bound of requests, and of what is unread
   * @param stalledMs a few requests may go on when nothing has changed for so long: the other side might wait in the same way
   * @param probe asks an isolate of this program for a word, in the order of the peer's requests
   */
  constructor(maxBytes: number, stalledMs: number, probe: (isolate: IsolateId) => void) {
    this.#probe = probe;
    this.#maxBytes = maxBytes;
    this.#stalledMs = stalledMs;
    this.#likelyBytes = maxBytes / WINDOW.first;
  }

  /** Whether another request is to be refused. */
  get hasExcess(): boolean {
    return Math.max(this.#crowd, this.#unreadBytes / this.#maxBytes) > REFUSED_AT;
  }

  /** Whether another answer is to be refused. */
  get hasExcessUnread(): boolean {
    return this.#unreadBytes > REFUSED_AT * this.#maxBytes;
  }

  /** Whether the peer has more to read than the bound. */
  get isUnread(): boolean {
    return this.#unreadBytes + this.#toldBytes > this.#maxBytes;
  }

  /** A promise if nothing more of the peer's is to be read. */
  pause(): Promise<void> | undefined {
    // It only has to read. One that does not is gone in the end.
    if (this.#isDeaf) return this.#until(() => !this.#isDeaf, Infinity);
    return this.#isCrowded ? this.#until(() => !this.#isCrowded, this.#stalledMs) : undefined;
  }

  /** A promise if the next request has to wait. */
  room(): Promise<void> | undefined {
    const hasRoom = this.#over || (!this.#isFull && this.#fresh < this.#window);
    if (!hasRoom) return this.#untilRoom();
    this.#spared--;
    return undefined;
  }

  /** Something of so many bytes waits for room, or behind what does; `count` is -1 when it no longer does. */
  wait(bodyBytes: number, count: 1 | -1): void {
    this.#waitingCount += count;
    this.#waitingBytes += count * (bodyBytes + REQUEST_BYTES);
    if (count < 0) this.#change();
  }

  /** A request is let in. @throws {ProtocolError} If another one has its key. */
  ask(key: string, to: IsolateId, bodyBytes: number): void {
    if (this.#requests.has(key)) throw new ProtocolError("Cannot read a frame: a request has the number of another");
    const bytes = bodyBytes + REQUEST_BYTES;
    this.#requests.set(key, { to, bytes, moment: this.#moment, offered: false });
    this.#requestBytes += bytes;
    this.#fresh++;
    this.#asked.add(to);
  }

  /** An isolate has given its word. */
  probed(from: IsolateId): void {
    this.#silent.delete(from);
    this.#wake();
  }

  /** The peer has something for good, or gives it back. What was not offered cannot be taken; what is settled is settled. */
  take(key: string): void {
    if (this.#requests.get(key)?.offered === false) {
      throw new ProtocolError("Cannot read a frame: it takes what was not offered");
    }
    this.settle(key);
  }

  /** Nothing is owed any more. */
  settle(key: string): void {
    const asked = this.#requests.get(key);
    if (asked === undefined) return;
    this.#requests.delete(key);
    this.#requestBytes -= asked.bytes;
    this.#answered(asked);
    this.#change();
  }

  /** Settles the requests of which `isOver` says that who was asked is gone, or who asked. */
  settleAll(isOver: (to: IsolateId, key: string) => boolean): void {
    for (const [key, { to }] of this.#requests) if (isOver(to, key)) this.settle(key);
  }

  /** An answer is leaving; `end` is what the link will have written then. */
  answer(kind: "reply" | "item", key: string, bytes: number, end: number): void {
    this.#unread.push({ bytes, isAnswer: true, end });
    this.#unreadBytes += bytes;
    if (bytes > this.#maxBytes / WINDOW.most) this.#vain = 0;
    this.#likelyBytes = Math.max(bytes, this.#likelyBytes * 7 / 8);
    if (kind === "reply") return this.settle(key);
    const asked = this.#requests.get(key);
    if (asked === undefined) return;
    asked.offered = true;
    this.#answered(asked);
    this.#change();
  }

  /** Something is leaving that is no answer; `end` is what the link will have written then. */
  told(bytes: number, end: number): void {
    this.#unread.push({ bytes, isAnswer: false, end });
    this.#toldBytes += bytes;
  }

  /** The link has written so much in all. */
  left(written: number): void {
    for (let next = this.#unread.peek(); next !== undefined && next.end <= written; next = this.#unread.peek()) {
      this.#unread.shift();
      if (next.isAnswer) this.#unreadBytes -= next.bytes;
      else this.#toldBytes -= next.bytes;
    }
    this.#change();
  }

  /** Nobody has to wait any more. */
  end(): void {
    this.#over = true;
    this.#wake();
  }

  get #isFull(): boolean {
    return !this.#over && this.#load > 1 && this.#spared < 1;
  }

  get #load(): number {
    return Math.max(
      this.#requests.size / MAX_REQUESTS,
      this.#requestBytes / this.#maxBytes,
      (this.#unreadBytes + this.#toldBytes) / this.#maxBytes,
    );
  }

  /** Whether the peer does not read what it is told. */
  get #isDeaf(): boolean {
    return !this.#over && this.#toldBytes > REFUSED_AT * this.#maxBytes;
  }

  get #isCrowded(): boolean {
    return !this.#over && this.#crowd > 1;
  }

  get #crowd(): number {
    return Math.max(
      (this.#requests.size + this.#waitingCount) / MAX_REQUESTS,
      (this.#requestBytes + this.#waitingBytes) / this.#maxBytes,
    );
  }

  get #window(): number {
    const most = this.#maxBytes / this.#likelyBytes * 2 ** this.#vain;
    return Math.max(WINDOW.least, Math.min(WINDOW.most, most));
  }

  #answered(asked: Asked): void {
    if (asked.moment === this.#moment) this.#fresh--;
    asked.moment = -1;
  }

  async #untilRoom(): Promise<void> {
    while (!this.#over && (this.#isFull || this.#fresh >= this.#window)) {
      if (this.#isFull) {
        const before = this.#changes;
        await this.#until(() => !this.#isFull, this.#stalledMs);
        if (this.#changes === before) this.#spared = this.#window;
      } else {
        // Half of it, since to wait for each costs more than to wait for several.
        const momentMs = this.#window === WINDOW.most ? MOMENT_MS.short : MOMENT_MS.long;
        await this.#until(() => this.#fresh <= this.#window / 2, momentMs / 2 ** this.#vain);
        if (this.#fresh < this.#window || this.#over) continue;
        // What an isolate has answered by now comes before its word.
        this.#silent = new Set([...this.#asked].filter((id) => !isForeign(id)));
        this.#silent.forEach(this.#probe);
        await this.#until(() => this.#silent.size === 0, BUSY_MS / 2 ** this.#vain);
        if (this.#fresh < this.#window) continue;
        this.#vain = Math.min(MOST_HALVED, this.#vain + 1);
        this.#moment++;
        this.#fresh = 0;
        this.#asked.clear();
      }
    }
    this.#spared--;
  }

  #until(isSo: () => boolean, mostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        deadline?.cancel();
        this.#waiting.delete(check);
        resolve();
      };
      const check = () => (this.#over || isSo()) && done();
      const deadline = mostMs === Infinity ? undefined : wheel.after(mostMs, done);
      this.#waiting.add(check);
      check();
    });
  }

  #change(): void {
    this.#changes++;
    this.#wake();
  }

  #wake(): void {
    for (const check of this.#waiting) check();
  }
}
