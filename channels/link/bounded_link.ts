import { QuotaError } from "../errors.ts";
import type { Limits } from "../kernel/account.ts";
import type { IsolateId } from "../kernel/address.ts";
import type { Envelope } from "../kernel/envelope.ts";
import { decodeFrame, encodeFrame } from "../kernel/frame.ts";
import type { Frame, Link, LinkListener } from "../kernel/link.ts";
import { insteadOf } from "./refused.ts";
import { FairShare } from "./fair_share.ts";
import { OWN_PROCESS, type Socket, SocketLink, type SocketLinkOptions } from "./socket_link.ts";

/** Why a frame is not to be sent, while so many bytes of others wait; undefined if it is. */
type Refusal = (frame: Frame, unsent: number) => QuotaError | undefined;

/** While more bytes than these wait to be read by a stranger, or by those for whom it has sent something, it is not read. */
const MOST_UNSENT = 8 * 1024 * 1024;
/** The bytes that an envelope may take beside its body: names, and handles. */
const HEADER_BYTES = 1024 * 1024;
/** So short an answer is no worse than the error that would take its place. */
const SHORT_BYTES = 512;

/**
 * The link between a sandbox and its starter. It refuses frames beyond the quota, and tells those that wait for an answer why
 * there is none.
 */
export class BoundedLink implements Link {
  /** Resolves when the link has ended, and everything that has come by it was given. */
  readonly over: Promise<void>;
  readonly #link: SocketLink;
  readonly #refusal: Refusal;
  /** Whether requests are refused, too. */
  readonly #refusesRequests: boolean;
  readonly #flowing = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #flows = false;
  #listener: LinkListener | undefined;

  private constructor(socket: Socket, options: SocketLinkOptions, refusal: Refusal, refusesRequests: boolean) {
    this.#link = new SocketLink(socket, options);
    this.#refusal = refusal;
    this.#refusesRequests = refusesRequests;
    this.over = this.#ended.promise;
  }

  /**
   * The starter's side.
   *
   * @param held gives a promise while what the sandbox has sent to others waits for them
   */
  static toSandbox(
    socket: Socket,
    id: IsolateId,
    { bytes }: Limits,
    held: () => Promise<void> | undefined,
  ): BoundedLink {
    const refusal: Refusal = (frame, unsent) => {
      if (unsent + frame.bytes.length <= bytes || frame.bytes.length <= SHORT_BYTES) return undefined;
      const message = `Cannot answer ${id}: it has not read ${unsent} bytes, here are ${frame.bytes.length} more, ` +
        `and its quota is ${bytes} bytes`;
      return new QuotaError(message, { quota: "bytes", limit: bytes });
    };
    const share = new FairShare();
    const options: SocketLinkOptions = {
      maxFrameBytes: bytes + HEADER_BYTES,
      maxSentBytes: OWN_PROCESS.maxFrameBytes,
      onRead: () => share.begin(),
      afterFrame: () => link.#pause(held) ?? share.turn(),
    };
    const link: BoundedLink = new BoundedLink(socket, options, refusal, false);
    return link;
  }

  /** The sandbox's side. */
  static toStarter(socket: Socket, { bytes }: Limits): BoundedLink {
    const refusal: Refusal = ({ bytes: { length } }) => {
      if (length <= bytes) return undefined;
      const message = `Cannot send a message of ${length} bytes: the quota of this subprocess is ${bytes} bytes`;
      return new QuotaError(message, { quota: "bytes", limit: bytes });
    };
    return new BoundedLink(socket, OWN_PROCESS, refusal, true);
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
    this.#link.start({
      frame: (frame) => listener.frame(frame),
      closed: (error) => {
        this.#ended.resolve();
        listener.closed(error);
      },
    });
  }

  send(frame: Frame): void {
    const error = this.#refusal(frame, this.#link.unsent);
    if (error === undefined) return this.#link.send(frame);
    const envelope = decodeFrame(frame);
    if (!this.#isRefused(envelope)) return this.#link.send(frame);
    const { back, on } = insteadOf(envelope, error);
    if (on !== undefined) this.#link.send(encodeFrame(on));
    // The sender first notes that it has sent this.
    queueMicrotask(() => back.forEach((said) => this.#listener?.frame(encodeFrame(said))));
  }

  flush(): Promise<void> {
    return this.#link.flush();
  }

  get unsent(): number {
    return this.#link.unsent;
  }

  eased(most: number): Promise<void> | undefined {
    return this.#link.eased(most);
  }

  /** From now on what comes waits for nobody: the other side is dead, and nothing comes after it. */
  flow(): void {
    this.#flows = true;
    this.#flowing.resolve();
  }

  close(): void {
    this.#link.close();
  }

  #isRefused({ kind }: Envelope): boolean {
    return kind === "reply" || kind === "item" || (kind === "send" && this.#refusesRequests);
  }

  #pause(held: () => Promise<void> | undefined): Promise<void> | undefined {
    const pause = this.#flows ? undefined : this.#link.eased(MOST_UNSENT) ?? held();
    return pause && Promise.race([pause, this.#flowing.promise]);
  }
}
