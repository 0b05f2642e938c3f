/**
 * Much at once: a buffer that moves to a thread, and bytes that go to a subprocess and come back, beside a bare worker,
 * a bare socket and Python's pipe.
 *
 * @module
 */

import { spawn } from "../../mod.ts";
import { Echo } from "./echo.ts";
import { type Alternative, quick, repeating } from "./harness.ts";
import { bulkSocket, sinkWorker } from "./raw_bulk.ts";
import { suite } from "./suite.ts";

const MOVED_BYTES = 64 << 20;
const ECHOED_BYTES = 16 << 20;

await suite(import.meta.main, async ({ compare, python, stack }) => {
  const thread = stack.use(await spawn(Echo, [], { placement: "thread" }));
  const process = stack.use(await spawn(Echo, [], { placement: "process" }));
  const worker = stack.use(await sinkWorker());
  const socket = stack.use(await bulkSocket());
  const peer = await python("call_peer.py");

  /** Making the buffer is not counted. */
  function moving(name: string, move: (buffer: ArrayBuffer) => Promise<unknown>): Alternative {
    return {
      name,
      async run(count, clock) {
        for (let i = 0; i < count; i++) {
          const buffer = new ArrayBuffer(MOVED_BYTES);
          clock.start();
          const length = await move(buffer);
          clock.end();
          if (length !== MOVED_BYTES) throw new Error(`${name}: not all has come`);
          if (!buffer.detached) throw new Error(`${name}: it was copied`);
        }
      },
    };
  }

  await compare({
    title: "A buffer of 64 MiB to a thread, until it says how long it is",
    show: "time",
    alternatives: [
      moving("raw web Worker", worker.byteLength),
      moving("thread", (buffer) => thread.with({ transfer: [buffer], timeoutMs: Infinity }).call.byteLength(buffer)),
    ],
  });

  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const many = new Uint8Array(ECHOED_BYTES);
  for (let at = 0; at < many.length; at += bytes.length) many.set(bytes, at);
  await compare({
    title: "16 MiB to a subprocess and back",
    show: "time",
    roundMs: quick ? 40 : 200,
    alternatives: [
      repeating("raw Unix socket", () => socket.echo(many)),
      repeating("process", async () => {
        const echoed = await process.with({ timeoutMs: Infinity }).call.echoBytes(many);
        if (echoed.length !== many.length) throw new Error("Not all has come back");
      }),
      peer.alternative("Pipe", "bytes 1"),
    ],
  });
});
