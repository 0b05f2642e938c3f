import type { Frame, LinkListener, PeerLink } from "../kernel/link.ts";
import { delayed } from "../kernel/wheel.ts";
import { OWN_PROCESS, type Socket, SocketLink } from "./socket_link.ts";

/** The other side, once it was called. */
export interface Dialled {
  readonly socket: Socket;
  /** The first frame that comes on it, if the sibling that was called has accepted. */
  readonly welcome: Uint8Array;
}

/** What a sibling link cannot do by itself. */
export interface SiblingLinkOptions {
  /** Calls the other side, and says who calls. */
  dial(): Promise<Dialled>;
  /** Sends a frame by the tree. */
  carry(frame: Frame): void;
  /** Told when the other side hung up, which it does when it is dead. */
  hungUp(): void;
}

/** How long whoever is about to end waits for one whose event loop does not turn, before it sends by the tree. */
const PATIENCE_MS = 100;

/**
 * A link between two subprocesses of one parent: a socket, which is opened by whoever has something to send first. Where
 * none can be had the tree has to do, then and for ever, as for the order's sake there is one way for each direction.
 */
export class SiblingLink implements PeerLink {
  readonly awaitsTree = false;
  readonly #options: SiblingLinkOptions;
  readonly #sockets = new Set<SocketLink>();
  #speaks = false;
  #way: "unknown" | "dialling" | "socket" | "tree" = "unknown";
  #dialling: Promise<void> = Promise.resolve();
  #out: SocketLink | undefined;
  /** What is to be sent when it is known how. */
  #early: Frame[] = [];
  #listener: LinkListener | undefined;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(options: SiblingLinkOptions) {
    this.#options = options;
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
  }

  /**
   * The other side has called.
   *
   * @param welcome tells it that this side listens, and is who was called
   */
  hear(socket: Socket, welcome: Uint8Array): void {
    const link = this.#open(socket, (frame) => this.#take(frame), () => this.#options.hungUp());
    link.send({ bytes: welcome, moved: [] });
    if (this.#way === "unknown") this.#use(link);
  }

  send(frame: Frame): void {
    if (this.#way === "socket") this.#out!.send(frame);
    else if (this.#way === "tree") this.#options.carry(frame);
    else {
      this.#early.push(frame);
      if (this.#way === "unknown") this.#dialling = this.#dial();
    }
  }

  get speaks(): boolean {
    return this.#speaks;
  }

  /** Between processes nothing moves. */
  arrived(): boolean {
    return false;
  }

  catchUp(): void {}

  flush(): Promise<void> | undefined {
    return this.#way === "dialling" ? this.#flushEarly() : this.#out?.flush();
  }

  async #flushEarly(): Promise<void> {
    await Promise.race([this.#dialling, delayed(PATIENCE_MS)]);
    if (this.#way === "dialling") this.#giveUp();
    await this.#out?.flush();
  }

  close(): void {
    for (const link of [...this.#sockets]) link.close();
  }

  /** Resolves when everything has been read that the other side, which is dead, had written. */
  drain(): Promise<void> | undefined {
    if (this.#sockets.size === 0) return undefined;
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  async #dial(): Promise<void> {
    this.#way = "dialling";
    const answered = Promise.withResolvers<boolean>();
    try {
      const { socket, welcome } = await this.#options.dial();
      let welcomed = false;
      const link = this.#open(socket, ({ bytes, moved }) => {
        if (welcomed) return this.#take({ bytes, moved });
        welcomed = bytes.length === welcome.length && bytes.every((byte, at) => byte === welcome[at]);
        if (welcomed) answered.resolve(true);
        else link.close();
      }, () => {
        // Turned away, by one who is too busy to listen, or takes this side for dead: that is no sign of death.
        if (welcomed) this.#options.hungUp();
        else answered.resolve(false);
      });
      const isWelcome = await answered.promise;
      if (this.#way === "dialling" && isWelcome) return this.#use(link);
    } catch {
      // Nobody listens there, or this side may not call.
    }
    if (this.#way === "dialling") this.#giveUp();
  }

  #giveUp(): void {
    this.#way = "tree";
    for (const frame of this.#early.splice(0)) this.#options.carry(frame);
  }

  #take(frame: Frame): void {
    this.#speaks = true;
    this.#listener?.frame(frame);
  }

  #use(link: SocketLink): void {
    this.#way = "socket";
    this.#out = link;
    for (const frame of this.#early.splice(0)) link.send(frame);
  }

  #open(socket: Socket, frame: (frame: Frame) => void, ended: () => void): SocketLink {
    const link = new SocketLink(socket, OWN_PROCESS);
    this.#sockets.add(link);
    link.start({
      frame,
      closed: (error) => {
        link.close();
        this.#sockets.delete(link);
        // One that broke may have done so alone, and nobody would end the other one.
        if (error !== undefined) this.close();
        if (this.#sockets.size === 0) this.#drained?.resolve();
        ended();
      },
    });
    return link;
  }
}
