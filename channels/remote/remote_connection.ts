import type { Connection, Receiver, RecvBytesOptions, SendBytesOptions, Sender, SendOptions } from "../connection.ts";
import { enroll, handleKind, passagesOf } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { expected, startsWith } from "../kernel/shape.ts";
import type { WaitOptions } from "../kernel/wait.ts";
import { selectable, sourceOf } from "../source.ts";
import { isPipeEnd } from "../pipe_end.ts";

/**
 * A connection to another program: the reading end of a pipe whose home is here, and the writing end of one whose home
 * is there. So what was accepted lies with its reader, and is received also after its sender's program is gone.
 */
export class RemoteConnection<Out, In> implements Connection<Out, In> {
  readonly readable = true;
  readonly writable = true;
  readonly #receiver: Receiver<In>;
  readonly #sender: Sender<Out>;

  constructor(receiver: Receiver<In>, sender: Sender<Out>) {
    this.#receiver = receiver;
    this.#sender = sender;
    // It has no cell of its own: it goes as its two ends, and stands for the one that reads.
    enroll(this, () => ({ kind: "remote-connection", target: passagesOf(receiver)![0].target, meta: null }), [
      receiver,
      sender,
    ]);
    selectable(this, sourceOf(receiver)!);
  }

  get closed(): boolean {
    return this.#receiver.closed;
  }

  send(message: Out, options?: SendOptions): Promise<void> {
    return this.#sender.send(message, options);
  }

  recv(options?: WaitOptions): Promise<In> {
    return this.#receiver.recv(options);
  }

  tryRecv(): Promise<{ value: In } | undefined> {
    return this.#receiver.tryRecv();
  }

  poll(options?: WaitOptions): Promise<boolean> {
    return this.#receiver.poll(options);
  }

  sendBytes(view: ArrayBufferView, options?: SendBytesOptions): Promise<void> {
    return this.#sender.sendBytes(view, options);
  }

  recvBytes(options?: RecvBytesOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#receiver.recvBytes(options);
  }

  recvBytesInto(view: ArrayBufferView, offset?: number, options?: WaitOptions): Promise<number> {
    return this.#receiver.recvBytesInto(view, offset, options);
  }

  close(): Promise<void> {
    this[Symbol.dispose]();
    return Promise.resolve();
  }

  [Symbol.dispose](): void {
    this.#sender[Symbol.dispose]();
    this.#receiver[Symbol.dispose]();
  }

  [Symbol.asyncIterator](): AsyncIterator<In> {
    return this.#receiver[Symbol.asyncIterator]();
  }

  static {
    inspectAs(this, (connection) => `Connection(remote, ${connection.closed ? "closed" : "open"})`);
  }
}

const areEnds = startsWith(isPipeEnd, isPipeEnd);

handleKind("remote-connection", {
  leased: false,
  revive(_passage, _imported, _holder, parts) {
    const [receiver, sender] = expected("a handle to a connection", parts, areEnds);
    return new RemoteConnection(receiver, sender);
  },
});
