import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { NotSerializableError, ProtocolError } from "../../../../channels/errors.ts";
import { decode, readValue } from "../../../../channels/kernel/codec/decode.ts";
import { encode, writeValue } from "../../../../channels/kernel/codec/encode.ts";
import { Reader } from "../../../../channels/kernel/codec/reader.ts";
import { Writer } from "../../../../channels/kernel/codec/writer.ts";
import { assertSame } from "./assert_same.ts";

Deno.test("values written one after another, and raw bytes behind them, are read back in turn", () => {
  const payload = crypto.getRandomValues(new Uint8Array(1000));
  const shared = { a: 1 };
  const header = ["send", 7, { to: "f00d.1", id: 2 ** 40 }, [shared, shared], undefined];
  const writer = new Writer(4);
  const ends = header.map((value) => {
    writeValue(writer, value, "header");
    return writer.offset;
  });
  writer.raw(payload);

  const reader = new Reader(writer.finish());
  for (const [i, value] of header.entries()) {
    assertSame(readValue(reader), value);
    assertEquals(reader.offset, ends[i]);
  }
  assertEquals(reader.remaining, payload.length);
  assertEquals(reader.rest(), payload);
});

Deno.test("a Reader starts where it is told to, and gives the rest as a view", () => {
  const frame = new Uint8Array([0xc1, 0xc1, ...encode("header", "value"), 1, 2, 3]);
  const reader = new Reader(frame, 2);
  assertEquals(readValue(reader), "header");
  assertEquals([...reader.rest()], [1, 2, 3]);
  assertStrictEquals(reader.rest().buffer, frame.buffer);
});

Deno.test("objects are shared within one value, not from one value of a frame to the next", () => {
  const shared = {};
  const writer = new Writer();
  writeValue(writer, [shared, shared], "first");
  writeValue(writer, shared, "second");
  const reader = new Reader(writer.finish());
  const [a, b] = readValue(reader) as object[];
  const c = readValue(reader);
  assertStrictEquals(a, b);
  assertEquals([a === c, c], [false, {}]);
});

Deno.test("writeValue() leaves the writer as it was when it throws", () => {
  const writer = new Writer(4);
  writeValue(writer, "before", "value");
  const shared = { long: "x".repeat(1000) };
  assertThrows(() => writeValue(writer, [shared, shared, () => 1], "value"), NotSerializableError);
  writeValue(writer, "after", "value");
  assertEquals(writer.finish(), new Uint8Array([...encode("before", ""), ...encode("after", "")]));
});

Deno.test("Writer.finish() gives bytes that later writing does not change", () => {
  const writer = new Writer(4);
  writer.number(1);
  const first = writer.finish();
  writer.rewind(0);
  writer.number(2);
  assertEquals([first, writer.finish()], [new Uint8Array([1]), new Uint8Array([2])]);
});

Deno.test("a Writer of any capacity writes the same", () => {
  const value = [1, -1, 300, 70_000, 2 ** 40, 0.5, "a", "é".repeat(300), new Uint8Array(70_000), {
    a: new Map([[1n, null]]),
  }];
  for (let capacity = 0; capacity < 40; capacity++) {
    const writer = new Writer(capacity);
    writeValue(writer, value, "value");
    assertSame(decode(writer.finish()), value);
  }
});

Deno.test("readValue() leaves what follows alone, and throws ProtocolError at the end", () => {
  const reader = new Reader(new Uint8Array([1, 0xc1]));
  assertEquals([readValue(reader), reader.offset], [1, 1]);
  assertThrows(() => readValue(reader), ProtocolError);
  assertThrows(() => readValue(new Reader(new Uint8Array())), ProtocolError);
});
