import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Worker as NodeWorker } from "node:worker_threads";
import { NotSerializableError, ProtocolError } from "../../../../channels/errors.ts";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode, encodeThrown } from "../../../../channels/kernel/codec/encode.ts";
import { nest, WRAPPERS } from "./deep_values.ts";

const deep = new URL("./deep_values.ts", import.meta.url);
const deepWorker = new URL("./deep_worker.ts", import.meta.url);

for (const [name, wrap] of Object.entries(WRAPPERS)) {
  Deno.test(`1000 levels travel, 1001 are refused on both sides: ${name}`, () => {
    decode(encode(nest(wrap, 1000), "args"));
    const error = assertThrows(() => encode(nest(wrap, 1001), "args"), NotSerializableError, "more than 1000 deep");
    assertEquals(error.kind, "deep nesting");
    assertEquals(error.message.length < 300, true);
    assertEquals(error.path.length > 1000, true);
  });
}

Deno.test("decode() refuses deeper nesting of every container that another library can write", () => {
  const repeated = (byte: number, count: number) => new Uint8Array(count).fill(byte);
  assertEquals(Array.isArray(decode(new Uint8Array([...repeated(0x91, 1000), 0xc0]))), true);
  for (const byte of [0x91, 0x81]) {
    for (const count of [1100, 100_000, 5_000_000]) {
      assertThrows(() => decode(repeated(byte, count)), ProtocolError, "more than 1000 deep");
    }
  }
});

Deno.test("decode() refuses deeper nesting of extensions, whatever lengths they claim", () => {
  for (const type of [4, 5]) {
    const bytes = new Uint8Array(6 * 1001);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < 1001; i++) {
      view.setUint8(6 * i, 0xc9);
      view.setUint32(6 * i + 1, bytes.length - 6 * (i + 1));
      view.setUint8(6 * i + 5, type);
    }
    assertThrows(() => decode(bytes), ProtocolError, "more than 1000 deep");
  }
});

Deno.test("encodeThrown() cuts a chain of causes where it is too deep, and keeps the rest", () => {
  let error = decode(encodeThrown(nest(WRAPPERS["error's cause"], 5000)));
  let length = 0;
  for (; error instanceof Error; error = error.cause) length++;
  assertEquals([length, error], [1000, undefined]);
});

Deno.test("encodeThrown() says so when a thrown value is too deep", () => {
  assertInstanceOf(decode(encodeThrown(nest(WRAPPERS.array, 5000))), NotSerializableError);
});

Deno.test("values as deep as allowed travel in a web Worker, whose stack is its own", async () => {
  const worker = new Worker(deepWorker, { type: "module" });
  try {
    assertEquals((await once<MessageEvent>(worker, "message")).data, "arrived");
  } finally {
    worker.terminate();
  }
});

Deno.test("values as deep as allowed travel in a worker of node:worker_threads", async () => {
  const worker = new NodeWorker(deepWorker);
  try {
    assertEquals(await new Promise((resolve) => worker.once("message", resolve)), "arrived");
  } finally {
    await worker.terminate();
  }
});

Deno.test("values as deep as allowed travel in code that was never compiled, on three quarters of a stack", async () => {
  const flags = "--no-opt,--no-maglev,--no-sparkplug,--stack-size=738";
  const args = ["run", "--no-config", `--v8-flags=${flags}`, deep.href];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assertEquals(new TextDecoder().decode(stdout), "arrived\n", new TextDecoder().decode(stderr));
});

function once<E extends Event>(target: EventTarget, type: string): Promise<E> {
  return new Promise((resolve, reject) => {
    target.addEventListener(type, (event) => resolve(event as E), { once: true });
    target.addEventListener("error", reject, { once: true });
  });
}
