import {
  BufferTooShortError,
  ClosedError,
  DirectionError,
  DisconnectedError,
  ProtocolError,
  TimeoutError,
} from "./errors.ts";
import {
  type Connection,
  RECV_BYTES_OPTIONS,
  type RecvBytesOptions,
  SEND_BYTES_OPTIONS,
  SEND_OPTIONS,
  type SendBytesOptions,
  type SendOptions,
} from "./connection.ts";
import { whoActs } from "./kernel/acting.ts";
import { ask } from "./kernel/ask.ts";
import type { Question } from "./kernel/question.ts";
import type { Target } from "./kernel/cell.ts";
import { enroll, handleKind, type Import } from "./kernel/handle.ts";
import type { Holder } from "./kernel/holder.ts";
import { inspectAs } from "./kernel/inspect.ts";
import { checkOptions, type OptionNames } from "./kernel/options.ts";
import { destinationOf, pack } from "./kernel/pack.ts";
import { expected, isFlag, type Shape, startsWith } from "./kernel/shape.ts";
import { brief } from "./kernel/show.ts";
import { channelWait, isStopped, type Patience, type WaitOptions } from "./kernel/wait.ts";
import { selectable } from "./source.ts";
import { END, type PipeEndCell } from "./pipe_end_cell.ts";

/** Which way messages go on an end. */
export interface Direction {
  readonly readable: boolean;
  readonly writable: boolean;
}

/** The label of a message that is not bytes; that of bytes is their number. */
const NOT_BYTES = "-1";

const SEND = "send on";
const RECEIVE = "receive from";

class PipeEnd implements Connection<unknown> {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly #target: Target;
  readonly #hold: Hold;
  #closed = false;

  constructor(target: Target, { readable, writable }: Direction, hold: Hold) {
    this.readable = readable;
    this.writable = writable;
    this.#target = target;
    this.#hold = hold;
    enroll(this, () => {
      this.#assertOpen("pass on");
      return { kind: END, target, meta: [readable, writable], departed: () => hold.passedOn() };
    });
    selectable(this, {
      assertOpen: () => this.#assertReadable(),
      take: ({ signal, claim }) => this.#take("recv", "", { wait: channelWait("select", { signal }), claim }),
      tryTake: () => this.#tryRecv(""),
      poll: async (signal) => void await this.#ask("poll", "poll", { wait: channelWait("poll a pipe", { signal }) }),
      tryPoll: () => this.#ask("tryPoll", "poll", {}) as Promise<boolean>,
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  async send(message: unknown, options: SendOptions = {}): Promise<void> {
    this.#assertWritable();
    const wait = channelWait("send on a pipe", options, Infinity, SEND_OPTIONS);
    const { transfer } = options;
    const body = pack(message, "message", destinationOf(this.#target), { transfer });
    const detail = message instanceof Uint8Array ? String(message.length) : NOT_BYTES;
    await this.#ask("send", SEND, { detail, body, wait, gives: true, late: full });
  }

  async recv(options?: WaitOptions): Promise<unknown> {
    return await this.#recv("", options);
  }

  async tryRecv(): Promise<{ value: unknown } | undefined> {
    this.#assertReadable();
    return await this.#tryRecv("");
  }

  async poll(options?: WaitOptions): Promise<boolean> {
    this.#assertReadable();
    const wait = channelWait("poll a pipe", options, 0);
    if (wait.once) return await this.#ask("tryPoll", "poll", {}) as boolean;
    try {
      return await this.#ask("poll", "poll", { wait }) as boolean;
    } catch (error) {
      if (error instanceof TimeoutError) return false;
      throw error;
    }
  }

  async sendBytes(view: ArrayBufferView, options: SendBytesOptions = {}): Promise<void> {
    this.#assertWritable();
    const wait = channelWait("send on a pipe", options, Infinity, SEND_BYTES_OPTIONS);
    const bytes = bytesOf(view, "send");
    const offset = checkBytes("offset", options.offset ?? 0, bytes.length);
    const size = checkBytes("size", options.size ?? bytes.length - offset, bytes.length - offset);
    const body = pack(bytes.subarray(offset, offset + size), "view", destinationOf(this.#target));
    await this.#ask("send", SEND, { detail: String(size), body, wait, gives: true, late: full });
  }

  async recvBytes(options: RecvBytesOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkOptions("receive from a pipe", options, RECV_BYTES_OPTIONS);
    const maxBytes = checkBytes("maxBytes", options.maxBytes ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    return await this.#recvBytes(maxBytes, options, RECV_BYTES_OPTIONS);
  }

  async recvBytesInto(view: ArrayBufferView, offset: number = 0, options?: WaitOptions): Promise<number> {
    const into = bytesOf(view, "receive into");
    checkBytes("offset", offset, into.length);
    const bytes = await this.#recvBytes(Number.MAX_SAFE_INTEGER, options);
    if (bytes.length > into.length - offset) {
      throw new BufferTooShortError(
        `Cannot receive into a view: the message has ${bytes.length} bytes, there is room for ${into.length - offset}`,
        { bytes },
      );
    }
    into.set(bytes, offset);
    return bytes.length;
  }

  close(): Promise<void> {
    this[Symbol.dispose]();
    return Promise.resolve();
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#hold.release();
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<unknown> {
    const wait = channelWait("receive from a pipe", undefined);
    while (true) {
      try {
        yield await this.#next("", wait);
      } catch (error) {
        if (error instanceof DisconnectedError || isStopped(wait, error)) return;
        throw error;
      }
    }
  }

  static {
    inspectAs(this, (end) => {
      const ways = end.readable && end.writable ? "both ways" : end.readable ? "reads" : "writes";
      return `Connection(${ways}, ${end.#closed ? "closed" : "open"})`;
    });
  }

  async #recv(detail: string, options: WaitOptions | undefined, known?: OptionNames<WaitOptions>): Promise<unknown> {
    this.#assertReadable();
    const wait = channelWait("receive from a pipe", options, Infinity, known);
    if (!wait.once) return await this.#next(detail, wait);
    const found = await this.#tryRecv(detail);
    if (found === undefined) throw empty(wait.timeoutMs);
    return found.value;
  }

  #next(detail: string, wait: Patience): Promise<unknown> {
    this.#assertReadable();
    return this.#take("recv", detail, { wait, late: empty });
  }

  /** The sender alone has said that the message is bytes. */
  async #recvBytes(
    most: number,
    options: WaitOptions | undefined,
    known?: OptionNames<WaitOptions>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#recv(String(most), options, known);
    if (bytes instanceof Uint8Array) return bytes as Uint8Array<ArrayBuffer>;
    throw new ProtocolError("Cannot receive bytes from a pipe: the sender took another value for bytes");
  }

  async #tryRecv(detail: string): Promise<{ value: unknown } | undefined> {
    let taken: { value: unknown } | undefined;
    await this.#take("tryRecv", detail, { tagged: (_tag, value) => taken = { value } });
    return taken;
  }

  #take(verb: string, detail: string, question: Partial<Question>): Promise<unknown> {
    return this.#ask(verb, RECEIVE, { detail, takes: detail, unreadable() {}, ...question });
  }

  #ask(verb: string, action: string, question: Partial<Question>): Promise<unknown> {
    const lost = () => new DisconnectedError(`Cannot ${action} a pipe: its home is gone`);
    return this.#hold.use(() => ask(this.#target, { holder: whoActs.holder(), verb, lost, ...question }));
  }

  #assertWritable(): void {
    this.#assertOpen(SEND);
    if (!this.writable) throw new DirectionError("Cannot send on a pipe: this end only reads");
  }

  #assertReadable(): void {
    this.#assertOpen(RECEIVE);
    if (!this.readable) throw new DirectionError("Cannot receive from a pipe: this end only writes");
  }

  #assertOpen(action: string): void {
    if (this.#closed) throw new ClosedError(`Cannot ${action} a pipe: this end is closed`);
  }
}

/** How this handle's holder holds the end. */
interface Hold {
  /** Uses it here. */
  use(operation: () => Promise<unknown>): Promise<unknown>;
  /** It was sent to somebody. */
  passedOn(): void;
  /** It is given back. */
  release(): void;
}

/** The maker holds an end until it first passes it on, and for good when it uses it after that, or is using it then. */
class MakersHold implements Hold {
  #held = true;
  #passedOn = false;
  #using = 0;
  constructor(readonly cell: PipeEndCell, readonly maker: Holder) {}

  async use(operation: () => Promise<unknown>): Promise<unknown> {
    if (!this.#held && !this.cell.gone) {
      this.#held = true;
      this.cell.changeLease(END, this.maker, 1);
    }
    this.#using++;
    try {
      return await operation();
    } finally {
      this.#using--;
    }
  }

  passedOn(): void {
    if (!this.#passedOn && this.#using === 0) this.release();
    this.#passedOn = true;
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.cell.changeLease(END, this.maker, -1);
  }
}

/** A maker that has forgotten an end has closed it, as any other holder has. */
const forgotten = new FinalizationRegistry<Hold>((hold) => hold.release());

/** Makes a handle to an end of a pipe whose home is here. */
export function makePipeEnd(cell: PipeEndCell, direction: Direction, maker: Holder): Connection<unknown> {
  const hold = new MakersHold(cell, maker);
  const end = new PipeEnd(cell, direction, hold);
  forgotten.register(end, hold);
  return end;
}

/** An end of a pipe. */
export const isPipeEnd: Shape<Connection<unknown>> = (value) => value instanceof PipeEnd;

handleKind(END, {
  leased: true,
  revive({ target, meta }, imported) {
    const [readable, writable] = expected("a handle to an end of a pipe", meta, startsWith(isFlag, isFlag));
    return new PipeEnd(target, { readable, writable }, {
      use: (operation) => operation(),
      passedOn() {},
      release: () => (imported as Import).release(),
    });
  },
});

function bytesOf(view: ArrayBufferView, action: string): Uint8Array {
  if (!ArrayBuffer.isView(view)) {
    throw new TypeError(`Cannot ${action} a view: it is ${view === null ? "null" : typeof view}`);
  }
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function checkBytes(name: string, value: number, most: number): number {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`Cannot use ${name}: it must be a number, not ${brief(value)}`);
  }
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new RangeError(`Cannot use ${name}: it must be a whole number from 0 to ${most}, not ${value}`);
  }
  return value;
}

function full(timeoutMs: number): TimeoutError {
  return new TimeoutError(`Cannot send on a pipe: the peer read nothing for ${timeoutMs} ms`, { timeoutMs });
}

function empty(timeoutMs: number): TimeoutError {
  return new TimeoutError(`Cannot receive from a pipe: nothing came in ${timeoutMs} ms`, { timeoutMs });
}
