/**
 * What the library is measured against: calls over a bare worker, a bare subprocess, and nothing around them. As little
 * as one would write by hand: a number for each call, and a map of who waits.
 *
 * @module
 */

import { Worker as NodeWorker } from "node:worker_threads";

/** A peer that answers calls. */
export interface RawEcho extends AsyncDisposable {
  call(n: number): Promise<unknown>;
  /** Sends without wanting an answer. */
  cast(n: number): void;
}

const ECHO = `({ id, args }) => { if (id !== undefined) reply({ id, value: args[0] }); }`;

const WEB = `const reply = (message) => postMessage(message);
const echo = ${ECHO};
onmessage = ({ data }) => echo(data);
postMessage("ready");`;

const NODE = `import { parentPort } from "node:worker_threads";
const reply = (message) => parentPort.postMessage(message);
parentPort.on("message", ${ECHO});
parentPort.postMessage("ready");`;

const SOCKET = `const socket = await Deno.connect({ transport: "unix", path: Deno.args[0] });
const buffer = new Uint8Array(65536);
for (let read; (read = await socket.read(buffer)) !== null;) {
  for (let at = 0; at < read;) at += await socket.write(buffer.subarray(at, read));
}`;

/** A web Worker, once it listens. */
export async function webWorker(): Promise<RawEcho> {
  const worker = new Worker(moduleOf(WEB), { type: "module" });
  const { answered, ...echo } = callsOver((message) => worker.postMessage(message));
  const ready = new Promise<void>((resolve) => {
    worker.onmessage = ({ data }) => data === "ready" ? resolve() : answered(data);
  });
  await ready;
  return { ...echo, [Symbol.asyncDispose]: () => Promise.resolve(worker.terminate()) };
}

/** A worker of `node:worker_threads`, once it listens. */
export async function nodeWorker(): Promise<RawEcho> {
  const worker = new NodeWorker(new URL(moduleOf(NODE)));
  const { answered, ...echo } = callsOver((message) => worker.postMessage(message));
  const ready = new Promise<void>((resolve) => {
    worker.on("message", (data) => data === "ready" ? resolve() : answered(data));
  });
  await ready;
  return {
    ...echo,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}

/** A subprocess at the other end of a Unix socket, which it is given as its argument, once it has called. */
export async function socketChild(source: string): Promise<AsyncDisposable & { readonly socket: Deno.Conn }> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/s`;
  const listener = Deno.listen({ transport: "unix", path });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", moduleOf(source), path],
    stdin: "null",
  }).spawn();
  const socket = await listener.accept();
  // Connected, it needs no name: so no file is left, however this program ends.
  listener.close();
  await Deno.remove(folder, { recursive: true });
  return {
    socket,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      socket.close();
    },
  };
}

/** One that echoes bytes; a message is 16 of them. */
export async function unixSocket(): Promise<RawEcho> {
  const child = await socketChild(SOCKET);
  const { socket } = child;
  const waiting: (() => void)[] = [];
  let first = 0;
  let unsent = 0;
  let writing = false;
  const write = async () => {
    writing = true;
    // What is called while a write is under way goes with the next one.
    for (await Promise.resolve(); unsent > 0;) {
      const bytes = new Uint8Array(unsent * 16);
      unsent = 0;
      for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
    }
    writing = false;
  };
  const read = async () => {
    const buffer = new Uint8Array(65_536);
    for (let rest = 0, count; (count = await socket.read(buffer)) !== null;) {
      for (rest += count; rest >= 16; rest -= 16) waiting[first++]();
      if (first === waiting.length) waiting.length = first = 0;
    }
  };
  const reading = read();
  return {
    call: () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
        unsent++;
        if (!writing) void write();
      }),
    cast() {
      throw new TypeError("It answers everything");
    },
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      await reading.catch(() => {});
    },
  };
}

function callsOver(send: (message: unknown) => void) {
  const waiting = new Map<number, (value: unknown) => void>();
  let last = 0;
  return {
    call: (n: number): Promise<unknown> =>
      new Promise((resolve) => {
        const id = ++last;
        waiting.set(id, resolve);
        send({ id, method: "echo", args: [n] });
      }),
    cast: (n: number): void => send({ method: "echo", args: [n] }),
    answered({ id, value }: { id: number; value: unknown }): void {
      const resolve = waiting.get(id)!;
      waiting.delete(id);
      resolve(value);
    },
  };
}

/** The URL of a module of this source. */
export function moduleOf(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
