/** A peer that speaks the protocol by hand, well or badly: it shares no code with the library but MessagePack. */

import { decode, encode, type ValueMap, type ValueType } from "@std/msgpack";
import { deadline } from "@std/async";
import type { SocketAddress } from "../../../mod.ts";

/** Whatever is waited for here takes milliseconds. */
const WITHIN_MS = 5000;

/** One connection, and what was read of it. */
export class RawPeer implements Disposable {
  readonly socket: Deno.Conn;
  nonce: Uint8Array = crypto.getRandomValues(new Uint8Array(32));
  /** The listener's welcome, once it has come. */
  welcome: ValueMap = {};
  /** How many frames were read that say only that the other side is there. */
  beats = 0;
  #buffer: Uint8Array = new Uint8Array(0);

  constructor(socket: Deno.Conn) {
    this.socket = socket;
  }

  static async to(address: SocketAddress): Promise<RawPeer> {
    if ("path" in address) return new RawPeer(await Deno.connect({ transport: "unix", path: address.path }));
    const socket = await Deno.connect({ hostname: address.hostname, port: address.port });
    socket.setNoDelay(true);
    return new RawPeer(socket);
  }

  /** Connects and goes through the handshake, as the wire's description says it. */
  static async join(
    address: SocketAddress,
    key: string,
    end: ValueType = ["<", 7, 1, "ab".repeat(16)],
  ): Promise<RawPeer> {
    const peer = await RawPeer.to(address);
    const challenge = await peer.hello();
    await peer.say({ proof: await prove(key, "connect", peer.nonce, challenge.nonce), holder: ["", 1] });
    peer.welcome = await peer.hear();
    await peer.say({ end });
    return peer;
  }

  /** Says hello, and hears the challenge. */
  async hello(): Promise<ValueMap & { nonce: Uint8Array }> {
    await this.say({ troupe: 1, nonce: this.nonce });
    return await this.hear() as ValueMap & { nonce: Uint8Array };
  }

  async say(message: ValueType): Promise<void> {
    await this.frame(encode(message));
  }

  async hear(): Promise<ValueMap> {
    return decode(await this.readFrame() ?? fail("The other side hung up")) as ValueMap;
  }

  /** Sends bytes as one frame. */
  async frame(bytes: Uint8Array): Promise<void> {
    const framed = new Uint8Array(4 + bytes.length);
    new DataView(framed.buffer).setUint32(0, bytes.length);
    framed.set(bytes, 4);
    await this.write(framed);
  }

  /** Sends an envelope: where to and from, its header, and its body. */
  async envelope(to: string, from: string, header: ValueType, body: Uint8Array = new Uint8Array(0)): Promise<void> {
    await this.frame(envelope(to, from, header, body));
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await deadline(this.socket.write(bytes.subarray(at)), WITHIN_MS);
  }

  /** The next frame that says something; undefined at the end. */
  async readFrame(withinMs: number = WITHIN_MS): Promise<Uint8Array | undefined> {
    while (true) {
      if (this.#buffer.length >= 4) {
        const length = new DataView(this.#buffer.buffer, this.#buffer.byteOffset).getUint32(0);
        if (this.#buffer.length >= 4 + length) {
          const bytes = this.#buffer.slice(4, 4 + length);
          this.#buffer = this.#buffer.slice(4 + length);
          if (length > 0) return bytes;
          this.beats++;
          continue;
        }
      }
      const chunk = new Uint8Array(4096);
      const read = await deadline(this.socket.read(chunk).catch(() => null), withinMs);
      if (read === null) return undefined;
      this.#buffer = joined(this.#buffer, chunk.subarray(0, read));
    }
  }

  /** Reads until the other side hangs up. */
  async untilHungUp(withinMs: number = WITHIN_MS): Promise<void> {
    while (await this.readFrame(withinMs) !== undefined);
  }

  /** Reads envelopes until one satisfies `wanted`: its header, as this side can read it. */
  async next(wanted: (header: ValueType[]) => boolean): Promise<ValueType[]> {
    return (await this.nextMessage(wanted)).header;
  }

  /** The same with the body. */
  async nextMessage(wanted: (header: ValueType[]) => boolean): Promise<{ header: ValueType[]; body: Uint8Array }> {
    while (true) {
      const message = messageOf(await this.readFrame() ?? fail("The other side hung up"));
      if (wanted(message.header)) return message;
    }
  }

  [Symbol.dispose](): void {
    try {
      this.socket.close();
    } catch {
      // It was closed already.
    }
  }
}

/** The bytes of an envelope. */
export function envelope(
  to: string,
  from: string,
  header: ValueType,
  body: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return [encode(to), encode(from), encode(header), body].reduce(joined);
}

/** The kinds of envelopes, by their number in a header. */
export const SEND = 0;
/** See `SEND`. */
export const REPLY = 1;

/** Route and header of an envelope, without what needs an extension of MessagePack; and its body. */
function messageOf(frame: Uint8Array): { header: ValueType[]; body: Uint8Array } {
  // Two short strings and an array; where that ends and the body begins is found by trying.
  for (let end = frame.length; end > 0; end--) {
    const array = new Uint8Array(end + 1);
    array[0] = 0x93;
    array.set(frame.subarray(0, end), 1);
    try {
      const [to, from, header] = decode(array) as [string, string, ValueType[]];
      return { header: [to, from, ...header], body: frame.slice(end) };
    } catch {
      // The body begins further to the front.
    }
  }
  return fail("A frame has no header");
}

/** The proof of having the key, as the wire's description says it. */
export async function prove(key: string, role: string, first: Uint8Array, second: Uint8Array): Promise<Uint8Array> {
  const text = new TextEncoder();
  const raw = joined(new Uint8Array([0]), text.encode(key));
  const hmac = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const statement = joined(text.encode(`troupe 1 ${role}`), joined(first, second));
  return new Uint8Array(await crypto.subtle.sign("HMAC", hmac, statement));
}

/** The same isolate as the other side of a connection names it: each side writes `<` for its own, `>` for the peer's. */
export function turned(isolate: string): string {
  return (isolate[0] === "<" ? ">" : "<") + isolate.slice(1);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

function fail(problem: string): never {
  throw new Error(problem);
}
