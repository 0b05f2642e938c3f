import { ProtocolError } from "../errors.ts";

const SECRET = /^[0-9a-f]{32}$/;

/** What makes ciphers. */
export type Ciphers = Pick<typeof import("node:crypto"), "createCipheriv" | "createDecipheriv">;

/**
 * What the secrets of this program's cells are called on one connection: each is enciphered, as the one block that it
 * is, with a key that never leaves this isolate. So what a peer was given works on its own connection and nowhere else,
 * nobody can make one up, and nothing has to be remembered for it.
 */
export class Seal {
  readonly #cipher: ReturnType<Ciphers["createCipheriv"]>;
  readonly #decipher: ReturnType<Ciphers["createDecipheriv"]>;
  // Most secrets come again and again.
  readonly #closed = new Map<string, string>();
  readonly #opened = new Map<string, string>();

  constructor({ createCipheriv, createDecipheriv }: Ciphers) {
    const key = crypto.getRandomValues(new Uint8Array(16));
    // A block cipher by itself is the right thing here: every secret is one random block.
    this.#cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
    this.#decipher = createDecipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  }

  /** What to call a secret when it leaves. */
  close(secret: string): string {
    return recall(this.#closed, secret, () => toHex(this.#cipher.update(toBytes(secret))));
  }

  /** The secret that was called so; one that no cell has, when it was not called so on this connection. */
  open(sealed: string): string {
    return recall(this.#opened, sealed, () => toHex(this.#decipher.update(toBytes(sealed))));
  }

  /** Gives the key up; nothing can be called anything after that. */
  end(): void {
    this.#cipher.final();
    this.#decipher.final();
  }
}

/** So many secrets are remembered. */
const KEPT = 256;

function recall(known: Map<string, string>, secret: string, find: () => string): string {
  const found = known.get(secret);
  if (found !== undefined) return found;
  if (known.size === KEPT) known.clear();
  const made = find();
  known.set(secret, made);
  return made;
}

/** @throws {ProtocolError} If it does not have the form of a secret. */
export function checkSecret(text: string): string {
  if (!SECRET.test(text)) throw new ProtocolError("Cannot read a frame: a secret is not 32 hexadecimal digits");
  return text;
}

function toBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = digit(hex, 2 * at) << 4 | digit(hex, 2 * at + 1);
  return bytes;
}

function digit(hex: string, at: number): number {
  const code = hex.charCodeAt(at);
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}
