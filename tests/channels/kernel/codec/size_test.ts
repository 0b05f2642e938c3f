import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { NotSerializableError, ProtocolError } from "../../../../channels/errors.ts";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode, encodeThrown, writeValue } from "../../../../channels/kernel/codec/encode.ts";
import { MAX_BYTES } from "../../../../channels/kernel/codec/extension.ts";
import { Writer } from "../../../../channels/kernel/codec/writer.ts";
import { Queue } from "../../../../mod.ts";

/** More than two gibibytes that are never touched, so that they take no memory. */
function huge(): ArrayBuffer {
  const buffer = new ArrayBuffer(0, { maxByteLength: MAX_BYTES + 64 });
  buffer.resize(MAX_BYTES + 64);
  return buffer;
}

const tooLarge: Record<string, () => unknown> = {
  "an ArrayBuffer": huge,
  "a Uint8Array": () => new Uint8Array(huge()),
  "a Float64Array": () => new Float64Array(huge()),
  "a DataView": () => new DataView(huge()),
  "a view of a part": () => new BigInt64Array(huge(), 8, MAX_BYTES / 8),
  "a buffer and a view of it": () => ((buffer) => [new Uint8Array(buffer, 1), buffer])(huge()),
  "an ArrayBuffer that cannot be resized": () => new ArrayBuffer(MAX_BYTES + 1),
};

for (const [name, make] of Object.entries(tooLarge)) {
  Deno.test(`what is too large is refused with its path and its size, and no memory is taken for it: ${name}`, () => {
    const before = Deno.memoryUsage().rss;
    const error = assertThrows(() => encode({ deep: [0, make()] }, "args"), NotSerializableError);
    assert(error.path.startsWith("args.deep[1]"), error.path);
    assertEquals(error.kind, "large value");
    assertStringIncludes(error.message, `${error.path}: with it the message has 21474`);
    assertStringIncludes(error.message, `no more than ${MAX_BYTES} travel`);
    const field = decode(encodeThrown(Object.assign(new Error("e"), { field: make(), other: 1 }))) as object;
    assertEquals(["field" in field, "other" in field], [false, true]);
    assert(Deno.memoryUsage().rss - before < 256 * 2 ** 20);
  });
}

Deno.test("what is too large is refused where it makes a message too large: a string, an item, a key", () => {
  const long = "x".repeat(70_000);
  const cases: [unknown, path: string][] = [
    [["a", "é".repeat(60_000)], "value[1]"],
    [["a", "x".repeat(110_000)], "value[1]"],
    [["a", `${"\ud800".repeat(60_000)}`], "value[1]"],
    [[long, new Map([["k", long]])], 'value[1].get("k")'],
    [{ list: Array(200_000).fill(1) }, "value.list[99987]"],
    [[{ a: 1 }, { [long]: 1, [`${long}2`]: 2 }], `value[1].${long}2`],
    [[new Uint8Array(60_000), new Float32Array(20_000)], "value[1]"],
    [[10n ** 500_000n], "value[0]"],
    [new Error("e", { cause: long + long }), "value.cause"],
    [[1, new Date(0), Object.assign([1], { name: long + long })], "value[2].name"],
  ];
  for (const [value, path] of cases) {
    const writer = new Writer(64, 100_000);
    const error = assertThrows(() => writeValue(writer, value, "value"), NotSerializableError);
    assertEquals([error.path, error.kind], [path, "large value"]);
    writeValue(writer, "as before", "value");
    assertEquals(decode(writer.finish()), "as before");
  }
});

Deno.test("a message of nearly as many bytes as may be is written, whatever was written before it", () => {
  const writer = new Writer(64, 100_000);
  for (const length of [99_990, 10, 99_990, 50_000]) {
    writeValue(writer, new Uint8Array(length), "value");
    assertEquals((decode(writer.finish()) as Uint8Array).length, length);
    assertThrows(() => writeValue(writer, new Uint8Array(100_000), "value"), NotSerializableError, "100005 bytes");
  }
});

Deno.test("Queue.put() rejects with NotSerializableError when an item is too large, and the queue goes on", async () => {
  const queue = new Queue<unknown>();
  let error: unknown;
  await queue.put({ data: new Float64Array(huge()) }).catch((reason) => error = reason);
  assert(error instanceof NotSerializableError);
  assertEquals(error.path, "item.data");
  await queue.put("next");
  assertEquals(await queue.get(), "next");
});

Deno.test("encode() refuses buffers that may grow by more than the other side makes room for", () => {
  const growing = () => new ArrayBuffer(1, { maxByteLength: 2 ** 29 + 1 });
  const [a, b] = decode(encode([growing(), growing()], "value")) as ArrayBuffer[];
  assertEquals([a.maxByteLength, b.maxByteLength], [2 ** 29 + 1, 2 ** 29 + 1]);
  const error = assertThrows(() => encode([growing(), growing(), growing()], "value"), NotSerializableError);
  assertEquals([error.path, error.kind], ["value[2]", "resizable ArrayBuffer"]);
  assertStringIncludes(error.message, "may grow by more than 1073741824 bytes");
});

Deno.test("encode() and decode() refuse more than 1024 resizable buffers: each takes two mappings of memory", () => {
  const growing = (count: number) => Array.from({ length: count }, () => new ArrayBuffer(1, { maxByteLength: 2 }));
  assertEquals((decode(encode(growing(1024), "value")) as unknown[]).length, 1024);
  // The bytes that hide what they show of larger buffers are not resizable.
  const shared = new ArrayBuffer(8192);
  const parts = Array.from({ length: 2000 }, (_, i) => new Uint8Array(shared, 1 + 2 * i, 3));
  assertEquals((decode(encode(parts, "value")) as unknown[]).length, 2000);
  const error = assertThrows(() => encode(growing(1025), "value"), NotSerializableError);
  assertEquals([error.path, error.kind], ["value[1024]", "resizable ArrayBuffer"]);
  const one = encode(growing(1)[0], "value");
  const bytes = new Uint8Array([0xdc, 1025 >> 8, 1025 & 0xff, ...Array.from({ length: 1025 }, () => [...one]).flat()]);
  assertThrows(() => decode(bytes), ProtocolError, "it has more than 1024 resizable buffers");
});
