/** Another program that has made handles, and answers whatever they ask with what the test says. */
import { decodeFrame, encodeFrame } from "../../channels/kernel/frame.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import type { Envelope, Send } from "../../channels/kernel/envelope.ts";
import type { Passage } from "../../channels/kernel/handle.ts";
import { plainPacket } from "../../channels/kernel/packet.ts";
import { SocketLink } from "../../channels/link/socket_link.ts";
import type { Connection, Listener } from "../../mod.ts";
import { RawPeer, turned } from "../channels/remote/raw_peer.ts";

/** Its reaction to a question: an answer, or an item that the asker is to take. */
export interface Lie {
  readonly kind: "reply" | "item";
  readonly value: unknown;
}

/** One of them. */
export class LyingHome implements Disposable {
  /** Its reaction to each verb. */
  lies: Readonly<Record<string, Lie>> = {};
  /** Whether it says nothing at all. */
  silent = false;
  readonly #raw: RawPeer;
  readonly #link: SocketLink;
  readonly #served: Connection<unknown>;
  #lastId = 0;

  private constructor(raw: RawPeer, served: Connection<unknown>) {
    this.#raw = raw;
    this.#served = served;
    this.#link = new SocketLink(raw.socket);
    this.#link.start({ frame: ({ bytes }) => this.#hear(bytes), closed() {} });
  }

  static async join(listener: Listener, authKey: string): Promise<LyingHome> {
    const raw = await RawPeer.join(listener.address, authKey);
    return new LyingHome(raw, await listener.accept());
  }

  /** The face of a handle that it sends; the other handles are parts of the first. */
  async face(...handles: readonly Pick<Passage, "kind" | "meta">[]): Promise<unknown> {
    const target = { isolate: "<", slot: 9, incarnation: 1, secret: "ab".repeat(16) };
    const passages = handles.map((handle, at) => ({ ...handle, target, parts: at === 0 ? handles.length - 1 : 0 }));
    const body = { ...plainPacket(new Uint8Array([0xd4, 10, 0])), passages };
    const [isolate, slot, incarnation, secret] = this.#raw.welcome.end as [string, number, number, string];
    const end = { to: turned(isolate), slot, incarnation, secret, holder: 1 };
    this.#say({ kind: "send", from: "<", ...end, id: ++this.#lastId, verb: "send", detail: "-1", body });
    return await this.#served.recv();
  }

  [Symbol.dispose](): void {
    this.#link.abort();
  }

  #hear(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const envelope = decodeFrame({ bytes, moved: [] });
    if (envelope.kind === "send" && envelope.id !== 0 && !this.silent) this.#answer(envelope);
  }

  #answer({ from, id, verb }: Send): void {
    const { kind, value } = this.lies[verb] ?? { kind: "reply", value: undefined };
    const route = { to: turned(from), from: "<" };
    const body = plainPacket(encode(value, "value"));
    if (kind === "item") this.#say({ ...route, kind, id, tag: 1, body });
    else this.#say({ ...route, kind, id, outcome: "value", body, exit: undefined });
  }

  #say(envelope: Envelope): void {
    this.#link.send(encodeFrame(envelope));
  }
}
