import type { Socket } from "./socket_link.ts";

/** Reads so many bytes; undefined if the other side hung up before. */
export async function readBytes(socket: Pick<Socket, "read">, length: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const read = await socket.read(bytes.subarray(at));
    if (read === null) return undefined;
    at += read;
  }
  return bytes;
}

/** Writes all of the bytes. */
export async function writeBytes(socket: Pick<Socket, "write">, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
}
