/** A program with the key, whose kernel lies. */
import { addressOf } from "../../channels/kernel/cell.ts";
import { decodeFrame } from "../../channels/kernel/frame.ts";
import type { Passage } from "../../channels/kernel/handle.ts";
import type { Frame } from "../../channels/kernel/link.ts";
import { SocketLink } from "../../channels/link/socket_link.ts";
import type { SocketAddress } from "../../mod.ts";
import type { Chance } from "../chance.ts";
import { RawPeer, turned } from "../channels/remote/raw_peer.ts";
import type { HostileBytes } from "./hostile_bytes.ts";
import { HostileKernel } from "./hostile_kernel.ts";

const ANYONE = ["<", "<.1", "<!7", ">", ">.9", ">/3", ">!999", ">@1"];

/** One of them, over a socket. */
export class HostilePeer {
  /** Whether the program has hung up. */
  closed = false;
  readonly #link: SocketLink;
  readonly #kernel: HostileKernel;

  private constructor(raw: RawPeer, chance: Chance, values: HostileBytes) {
    this.#kernel = new HostileKernel({ me: "<", home: ">", anyone: ANYONE, brokenOnceIn: 200 }, chance, values);
    const [isolate, slot, incarnation, secret] = raw.welcome.end as [string, number, number, string];
    this.#tell({ kind: "connection", target: { isolate, slot, incarnation, secret }, meta: [false, true] });
    this.#link = new SocketLink(raw.socket);
    this.#link.start({ frame: (frame) => this.#hear(frame), closed: () => this.closed = true });
  }

  /** Shows the key, and is let in. */
  static async join(
    address: SocketAddress,
    authKey: string,
    chance: Chance,
    values: HostileBytes,
  ): Promise<HostilePeer> {
    return new HostilePeer(await RawPeer.join(address, authKey), chance, values);
  }

  /** Does one hostile thing. */
  act(): void {
    this.say(this.#kernel.next());
  }

  /** Sends a frame. */
  say(bytes: Uint8Array): void {
    this.#link.send({ bytes, moved: [] });
  }

  /** Resolves when all that it has said has left. */
  flush(): Promise<void> {
    return this.#link.flush();
  }

  /** Hangs up. */
  end(): void {
    this.closed = true;
    this.#link.abort();
  }

  #hear(frame: Frame): void {
    if (frame.bytes.length === 0) return;
    const envelope = decodeFrame(frame);
    if ("body" in envelope) this.#tell(...envelope.body.passages);
    if (envelope.kind === "send" && envelope.id !== 0) {
      this.#kernel.asked({ ...envelope, from: turned(envelope.from) });
    }
  }

  #tell(...passages: Passage[]): void {
    for (const passage of passages) {
      const address = addressOf(passage.target);
      this.#kernel.told({ ...passage, target: { ...address, isolate: turned(address.isolate) }, also: undefined });
    }
  }
}
