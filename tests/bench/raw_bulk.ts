/** Bulk without the library: a bare worker that takes buffers, and a bare subprocess that echoes bytes. */

import { moduleOf, socketChild } from "./raw_echo.ts";

const SINK = `onmessage = ({ data }) => postMessage(data.byteLength);
postMessage("ready");`;

const SOCKET = `const socket = await Deno.connect({ transport: "unix", path: Deno.args[0] });
const buffer = new Uint8Array(1 << 20);
for (let read; (read = await socket.read(buffer)) !== null;) {
  for (let at = 0; at < read;) at += await socket.write(buffer.subarray(at, read));
}`;

/** A web Worker that is given buffers. */
export async function sinkWorker(): Promise<AsyncDisposable & { byteLength(buffer: ArrayBuffer): Promise<number> }> {
  const worker = new Worker(moduleOf(SINK), { type: "module" });
  const next = () => new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
  await next();
  return {
    byteLength(buffer) {
      const answer = next() as Promise<number>;
      worker.postMessage(buffer, [buffer]);
      return answer;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(worker.terminate()),
  };
}

/** A subprocess at the other end of a Unix socket that sends back what it reads. */
export async function bulkSocket(): Promise<AsyncDisposable & { echo(bytes: Uint8Array): Promise<void> }> {
  const child = await socketChild(SOCKET);
  const { socket } = child;
  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
  };
  const read = async (into: Uint8Array) => {
    for (let at = 0; at < into.length;) {
      const count = await socket.read(into.subarray(at));
      if (count === null) throw new Error("The subprocess has ended");
      at += count;
    }
  };
  return {
    async echo(bytes) {
      await Promise.all([write(bytes), read(new Uint8Array(bytes.length))]);
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
