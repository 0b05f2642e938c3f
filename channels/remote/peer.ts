import type { Connection, Receiver, Sender } from "../connection.ts";
import { type Exit, PARENT_GONE } from "../exit.ts";
import { accounts, type Limits } from "../kernel/account.ts";
import { type Address, type IsolateId, rootOf } from "../kernel/address.ts";
import "../kernel/dispatch.ts";
import { revive } from "../kernel/handle.ts";
import { type Holder, holders } from "../kernel/holder.ts";
import { isolate } from "../kernel/isolate.ts";
import { singleton } from "../kernel/singleton.ts";
import type { Socket } from "../link/socket_link.ts";
import { makePipeEnd } from "../pipe_end.ts";
import { END, PipeEndCell } from "../pipe_end_cell.ts";
import { Border, type BorderOptions } from "./border.ts";
import type { Agreed, Seat } from "./handshake.ts";
import { Naming } from "./naming.ts";
import { RemoteConnection } from "./remote_connection.ts";
import { type Ciphers, Seal } from "./seal.ts";

/** What to call an actor of this isolate when speaking of it to another program. */
export function seatOf(holder: Holder): Seat {
  return { isolate: isolate.id.slice(rootOf(isolate.id).length), slot: holder.slot };
}

/** What bounds the other program. */
type PeerOptions = Pick<BorderOptions, "maxFrameBytes" | "maxUnsettledBytes"> & { readonly quota: Limits };

/** The exit of what can no longer be reached, since the connection to it ended. */
const HUNG_UP: Exit = PARENT_GONE;
/** The same, for want of any sign of life. */
const WENT_SILENT: Exit = { code: -9, signal: "SIGKILL", reason: "unresponsive" };

/** The connections of this isolate that have not ended, by what to call them. */
export const connected: Map<IsolateId, string> = singleton("connected", () => new Map());

/**
 * Another program, from the moment that it may become one of those that this one talks to. It stays as long as both sides
 * have the connection; with that goes all that came over it.
 */
export class Peer {
  readonly #holder: Holder;
  readonly #ciphers: Ciphers;
  readonly #mine = new PipeEndCell();
  readonly #forPeer = new PipeEndCell();
  #seal: Seal | undefined;
  #naming: Naming | undefined;

  /** @param holder who here will have the connection */
  constructor(holder: Holder, ciphers: Ciphers) {
    this.#holder = holder;
    this.#ciphers = ciphers;
    this.#mine.peer = this.#forPeer;
    this.#forPeer.peer = this.#mine;
  }

  /** Where the other side sends what is for this one, once it is known who has the connection there. */
  end({ isolate: path, slot }: Seat): Address {
    this.#seal = new Seal(this.#ciphers);
    const naming = this.#naming = new Naming(isolate.nextChildId("connection"), this.#seal);
    this.#forPeer.changeLease(END, holders.get(naming.within(path), slot), 1);
    return naming.tell(this.#forPeer);
  }

  /** Nothing became of it, or nothing is left of it. */
  leave(exit: Exit = HUNG_UP): void {
    const seal = this.#seal;
    if (seal === undefined) return;
    this.#seal = undefined;
    isolate.down(this.#naming!.alias, exit);
    seal.end();
  }

  /**
   * From now on frames pass. `ended` is called at the end of the connection; it must not lead to the connection itself,
   * or nobody could forget that.
   */
  join(
    socket: Socket,
    { end, heartbeatMs, maxFrameBytes: maxSentBytes }: Agreed,
    { maxFrameBytes, maxUnsettledBytes, quota }: PeerOptions,
    title: string,
    ended?: () => void,
  ): Connection<unknown> {
    const naming = this.#naming!;
    const { alias } = naming;
    const target = naming.hear(end);
    const border = new Border(socket, naming, { maxFrameBytes, maxSentBytes, maxUnsettledBytes, heartbeatMs });
    accounts.limit(alias, quota);
    this.#mine.changeLease(END, this.#holder, 1);
    this.#mine.left = () => border.close();
    const receiver = makePipeEnd(this.#mine, { readable: true, writable: false }, this.#holder);
    connected.set(alias, title);
    const forPeer = this.#forPeer;
    isolate.addChild(alias, border, (error) => {
      forPeer.brokenBy = error;
      connected.delete(alias);
      this.#mine.left = () => {};
      this.leave(border.wentSilent ? WENT_SILENT : HUNG_UP);
      ended?.();
    });
    const sender = revive([{ kind: END, target, meta: [false, true] }], 0, this.#holder);
    return new RemoteConnection(receiver as Receiver<unknown>, sender as Sender<unknown>);
  }
}
