import { ClosedError, DisconnectedError, ProtocolError } from "./errors.ts";
import { type Item, ItemStore } from "./item_store.ts";
import { Cell } from "./kernel/cell.ts";
import { oneLine } from "./kernel/escape.ts";
import type { Holder } from "./kernel/holder.ts";
import { noSuchRequest, type Request } from "./kernel/request.ts";

/** The lease of one who has an end of a pipe. */
export const END = "connection";
/** An end takes messages while it has fewer than this many unread ... */
const MAX_UNREAD = 256;
/** ... and fewer than this many bytes of them. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/**
 * The home of one end of a pipe: what was sent to it and not yet read. It is gone when all who hold it have closed it
 * or died; its peer sees that once it has read what was still sent.
 */
export class PipeEndCell extends Cell {
  peer!: PipeEndCell;
  /** Told when everybody who had this end has left it. */
  left: () => void = () => {};
  /** Why everybody who had this end is gone, if that is known. */
  brokenBy: Error | undefined;
  readonly #unread: ItemStore;
  readonly #pollers = new Set<Request>();
  #gone = false;

  constructor() {
    super();
    const sender = () => this.peer;
    this.#unread = new ItemStore({
      // A message is packed for the end that it is sent on.
      get cell() {
        return sender();
      },
      keepsTaken: false,
      suits: (taker, item) => suits(taker, item),
      hasRoom: () => this.#unread.size < MAX_UNREAD && this.#unread.bytes < MAX_UNREAD_BYTES,
      accepted: () => {},
      taken: () => {},
      changed: () => this.#changed(),
    });
  }

  /** Whether everybody who had this end has left it. */
  get gone(): boolean {
    return this.#gone;
  }

  receive(request: Request): void {
    if (this.#gone) {
      this.peer.#unread.release(request.body);
      return request.throw(new ClosedError(`Cannot ${oneLine(request.verb)} on a pipe: this end is closed`));
    }
    switch (request.verb) {
      case "send":
        return this.peer.#take(request);
      case "recv":
        this.#unread.take(request);
        return this.#changed();
      case "tryRecv":
        if (this.#unread.size > 0) return this.#unread.take(request);
        return this.#ended ? request.throw(disconnected("receive from", this.peer.brokenBy)) : request.reply();
      case "poll":
        if (this.#readable) return request.reply(true);
        this.#pollers.add(request);
        request.onCancel = () => void this.#pollers.delete(request);
        return;
      case "tryPoll":
        return request.reply(this.#readable);
      default:
        request.throw(noSuchRequest("an end of a pipe", request.verb));
    }
  }

  override returned(kind: string, holder: Holder): void {
    if (kind !== END || this.#gone) return;
    const closed = () => new ClosedError("Cannot receive from a pipe: this end was closed meanwhile");
    this.#unread.refuseTakers(closed, holder);
    for (const request of [...this.#pollers]) if (request.from === holder) this.#refusePoller(request, closed());
    if (this.holdersOf(END) > 0) return;
    this.#gone = true;
    for (const request of [...this.#pollers]) this.#refusePoller(request, closed());
    this.#unread.refusePutters(() => disconnected("send on"));
    this.#unread.discard("message of a pipe");
    this.peer.#changed();
    this.left();
  }

  /** Whether a reader would not have to wait. */
  get #readable(): boolean {
    return this.#unread.size > 0 || this.#ended;
  }

  /** Whether nothing more can come. */
  get #ended(): boolean {
    return this.peer.#gone && this.#unread.drained;
  }

  #refusePoller(request: Request, error: Error): void {
    this.#pollers.delete(request);
    request.onCancel = undefined;
    request.throw(error);
  }

  #take(request: Request): void {
    const label = Number(request.detail);
    const isLabel = Number.isSafeInteger(label) && label >= -1;
    if (!this.#gone && isLabel) return this.#unread.put(request, label);
    this.#unread.release(request.body);
    request.throw(this.#gone ? disconnected("send on") : new TypeError("Cannot send on a pipe: the size is none"));
  }

  #changed(): void {
    if (!this.#readable) return;
    for (const request of this.#pollers) request.reply(true);
    this.#pollers.clear();
    if (this.#ended) this.#unread.refuseTakers(() => disconnected("receive from", this.peer.brokenBy));
  }
}

/** Who wants bytes, and only so many, is told when the next message is something else; it stays for another reader. */
function suits(taker: Request, next: Item): boolean {
  if (taker.detail === "") return true;
  const most = Number(taker.detail);
  if (next.label >= 0 && next.label <= most) return true;
  taker.onCancel = undefined;
  taker.throw(
    next.label < 0
      ? new TypeError("Cannot receive bytes from a pipe: the next message is another value, use recv()")
      : new ProtocolError(`Cannot receive bytes from a pipe: the next message has ${next.label}, more than ${most}`),
  );
  return false;
}

function disconnected(action: string, cause?: Error): DisconnectedError {
  return new DisconnectedError(`Cannot ${action} a pipe: the peer is gone`, cause && { cause });
}
