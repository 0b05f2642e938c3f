import { ask } from "../channels/kernel/ask.ts";
import { Cell, cells, type Target } from "../channels/kernel/cell.ts";
import { decode } from "../channels/kernel/codec/decode.ts";
import { encodeThrown } from "../channels/kernel/codec/encode.ts";
import { excessIn } from "../channels/kernel/codec/tokens.ts";
import { handleKind, type Passage } from "../channels/kernel/handle.ts";
import { type Holder, Lease } from "../channels/kernel/holder.ts";
import type { AnyIterator } from "../channels/kernel/look.ts";
import type { Request } from "../channels/kernel/request.ts";
import { expected, isBytes, type Shape } from "../channels/kernel/shape.ts";
import { brief } from "../channels/kernel/show.ts";
import { currentFrame, runAs } from "./context.ts";
import { StreamCell, StreamReader } from "./stream.ts";

/*
 * What travels only for the length of a call: signals and async iterables. The caller keeps a cell for each while the
 * call lasts; the handler gets something of the same face that ends with the call.
 */
const SIGNAL = "signal";

/** The cells that stand for one call's signals and iterables, at the caller. */
export class Bridges {
  #open: { close(): void }[] | undefined;
  /** The caller's, who takes everything back by dying. */
  #lease: Lease | undefined;

  /** A handle for `object`, if it is something to bridge. */
  readonly bridge = (object: object): Passage | undefined => {
    if (object instanceof AbortSignal) {
      const cell = new SignalCell(object);
      cells.pin(cell);
      this.#opened(cell);
      // One that is aborted already arrives so: handlers look at it before they listen.
      return { kind: SIGNAL, target: cell, meta: object.aborted ? reasonBytes(object.reason) : null };
    }
    if (object instanceof ReadableStream) return undefined;
    const make = (object as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator];
    if (typeof make !== "function") return undefined;
    const iterator: AnyIterator = make.call(object);
    // Its items are made on behalf of the caller, whoever asks for them.
    const { actor, call } = currentFrame();
    const stream = new StreamCell(iterator, { run: (step) => runAs(actor, call, step), left() {}, ended() {} });
    this.#opened(stream);
    return stream.passage();
  };

  /** The call is over. */
  close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#lease?.end();
    this.#lease = undefined;
    for (const cell of open) cell.close();
  }

  #opened(cell: { close(): void }): void {
    (this.#open ??= []).push(cell);
    this.#lease ??= new Lease(currentFrame().actor.holder, () => this.close());
  }
}

/** A signal's reason travels with it up to so many bytes; a longer one arrives as an error with its text. */
const MOST_REASON_BYTES = 64 * 1024;

function reasonBytes(reason: unknown): Uint8Array {
  const bytes = encodeThrown(reason);
  return isReason(bytes) ? bytes : encodeThrown(new Error(brief(reason)));
}

const isReason: Shape<Uint8Array> = (value): value is Uint8Array =>
  isBytes(value) && value.length <= MOST_REASON_BYTES && excessIn(value) === undefined;

class SignalCell extends Cell {
  readonly #waiting = new Set<Request>();
  readonly #abort = () => {
    for (const request of this.#waiting) this.#tell(request);
    this.#waiting.clear();
  };

  constructor(readonly signal: AbortSignal) {
    super();
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  receive(request: Request): void {
    if (this.signal.aborted) return this.#tell(request);
    this.#waiting.add(request);
    request.onCancel = () => void this.#waiting.delete(request);
  }

  close(): void {
    this.signal.removeEventListener("abort", this.#abort);
    cells.remove(this);
    for (const request of this.#waiting) request.lose();
  }

  #tell(request: Request): void {
    const { reason } = this.signal;
    request.throw(isReason(encodeThrown(reason)) ? reason : new Error(brief(reason)));
  }
}

/** A signal at the handler, and the wait for the caller's. */
interface Revived {
  readonly controller: AbortController;
  readonly over: AbortController;
}

const revived = new WeakMap<object, Revived>();

handleKind(SIGNAL, {
  leased: false,
  bridged: true,
  revive: ({ target, meta }, _imported, holder) =>
    meta === null ? reviveSignal(target, holder) : AbortSignal.abort(decode(expected("a signal", meta, isReason))),
});

function reviveSignal(target: Target, holder: Holder): AbortSignal {
  const controller = new AbortController();
  const over = new AbortController();
  const gone = new Error("The call is over");
  const wait = { timeoutMs: Infinity, once: false, signal: over.signal };
  ask(target, { holder, verb: "aborted", wait, quiet: true, lost: () => gone }).catch((reason) => {
    if (reason !== gone && !over.signal.aborted) controller.abort(reason);
  });
  revived.set(controller.signal, { controller, over });
  return controller.signal;
}

/** Ends, at the handler, what came over a bridge: its call is over. A signal that has not aborted never does any more. */
export function endBridged(face: object): void {
  if (face instanceof StreamReader) void face.return().catch(() => {});
  else revived.get(face)?.over.abort();
}

/** Aborts, at the handler, the signals among what came over a bridge: nobody waits for the call, or aborts them, any more. */
export function abortBridged(faces: readonly object[], reason: unknown): void {
  for (const face of faces) {
    const signal = revived.get(face);
    signal?.over.abort();
    signal?.controller.abort(reason);
  }
}
