import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../../../channels/errors.ts";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode } from "../../../../channels/kernel/codec/encode.ts";

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];
/** An extension of up to 255 bytes. */
const ext = (type: number, ...body: number[]): number[] => [0xc7, body.length, type & 0xff, ...body];
const text = (content: string): number[] => [0xa0 | content.length, ...ascii(content)];

const malformed: Record<string, readonly number[][]> = {
  "nothing": [[]],
  "truncated numbers": [[0xcc], [0xcd, 1], [0xce, 1, 2, 3], [0xcf, 1], [0xd0], [0xd3, 1], [0xca, 0], [0xcb, 0, 0]],
  "truncated strings and bytes": [[0xa5, 0x61], [0xd9], [0xd9, 2, 0x61], [0xda, 0], [0xdb, 0, 0, 0], [0xc4, 1], [0xc6]],
  "truncated arrays and maps": [[0x91], [0xdc], [0xdc, 0, 2, 1], [0x81], [0x81, 0xa1, 0x61], [0xde, 0, 1, 1]],
  "truncated extensions": [[0xd4], [0xd4, 1], [0xc7, 5, 4, 1], [0xc9, 0, 0], [0xd8, 8, 1]],
  "the byte that means nothing": [[0xc1], [0x91, 0xc1]],
  "trailing bytes": [[1, 2], [0xc0, 0xc0], [0x90, 0]],
  "text that is not UTF-8": [[0xa1, 0x80], [0xa3, 0xed, 0xa0, 0x80], [0xa2, 0xc0, 0x80], [0xd9, 2, 0x61, 0xff]],
  "keys that are not UTF-8": [[0x81, 0xa1, 0xff, 1]],
  "unknown extensions": [ext(0, 1), ext(19), ext(127, 1, 2), ext(-2, 1, 2, 3, 4)],
  "timestamps of odd size or value": [
    ext(-1, 1, 2, 3),
    ext(-1),
    ext(-1, 255, 255, 255, 255, 0, 0, 0, 0),
    ext(-1, 0, 0, 0, 0, 127, 255, 255, 255, 255, 255, 255, 255),
  ],
  "constants that are not": [ext(1), ext(1, 3), ext(1, 0, 0)],
  "a hole outside an array": [[0xd4, 1, 1], [0x81, 0xa1, 0x61, 0xd4, 1, 1], ext(5, 0xd4, 1, 1), ext(4, 1, 0xd4, 1, 1)],
  "bigints that are too short": [ext(2), ext(2, 1)],
  "half a code unit": [ext(3, 0xd8)],
  "maps and sets that end early or late": [ext(4, 1), ext(4, 0x92, 1, 2), ext(5, 0x92, 1), ext(5, 0xa5, 0x61)],
  "regular expressions that are none": [
    ext(6),
    ext(6, 1, 2),
    ext(6, ...text("("), ...text("")),
    ext(6, ...text("a"), ...text("z")),
    ext(6, ...text("a"), ...text("g"), ...text("1")),
    ext(6, ...text("a"), ...text("g"), 1, 1),
  ],
  "URLs that are none": [ext(7), ext(7, 1), ext(7, ...text("not a url")), ext(7, ...text("a:b"), 0)],
  "binary values of no kind, or uneven": [ext(8), ext(8, 14), ext(8, 255, 1), ext(8, 5, 1), ext(8, 13, 1, 2, 3, 4)],
  "errors that lack parts": [
    ext(9),
    ext(9, 0xc0),
    ext(9, 0xc0, ...text("E")),
    ext(9, 1, ...text("E"), ...text("m"), 0xc0),
  ],
  "errors with impossible fields": [
    ext(9, 0xc0, ...text("E"), ...text("m"), 0xc0, ...text("x"), 1, 0xc0),
    ext(9, 0xc0, ...text("E"), ...text("m"), 0xc0, 0xc0, ...text("stack"), 1),
    ext(9, 0xc0, ...text("E"), ...text("m"), 0xc0, 0xc0, ...text("message"), 1),
    ext(9, 0xc0, ...text("E"), ...text("m"), 0xc0, 0xc0, 0xc0, 1),
    ext(9, 0xc0, ...text("E"), ...text("m"), 0xc0, 0xc0, ...text("a")),
  ],
  "indexes with nothing beside the bytes": [ext(10, 0), ext(11, 0), ext(12, 3, 0, 0, 0), ext(10), ext(10, 0, 0, 0)],
  "graphs within values, or empty": [[0x91, ...ext(13, 0xc0)], ext(13), ext(13, ...ext(13, 0xc0)), ext(13, 1, 2)],
  "references to what there is not": [ext(14, 0), ext(13, ...ext(14, 0)), ext(13, 0x91, ...ext(14, 1)), ext(14)],
  "maps with other keys within a graph": [ext(13, 0x81, 1, 2)],
  "named properties of what is no array": [
    ext(15),
    ext(15, 1, ...text("a"), 1),
    ext(15, 0x80, ...text("a"), 1),
    ext(15, ...ext(15, 0x90), ...text("a"), 1),
    ext(13, 0x92, 0x90, ...ext(15, ...ext(14, 1), ...text("a"), 1)),
  ],
  "named properties that are items, or none": [
    ext(15, 0x91, 1, ...text("0"), 1),
    ext(15, 0x90, ...text("4294967294"), 1),
    ext(15, 0x90, ...text("length"), 9),
    ext(15, 0x90, 1, 1),
    ext(15, 0x90, 0xc0, 1),
    ext(15, 0x90, ...text("a")),
    ext(15, 0x91, ...text("a")),
    ext(15, 0x90, ...text("a"), 0xd4, 1, 1),
  ],
  "buffers that are longer than they may become, or may become too long": [
    ext(16),
    ext(16, 0xc0),
    ext(16, ...text("1")),
    ext(16, 1, 0, 0),
    ext(16, 0xff),
    ext(16, 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0),
    ext(16, 0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0),
    ext(16, 0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0),
    ext(16, 0xce, 0x40, 0, 0, 1),
    ext(16, 0xcf, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    [0x92, ...ext(16, 0xce, 0x30, 0, 0, 0), ...ext(16, 0xce, 0x30, 0, 0, 0)],
  ],
  "views of no kind, of no buffer, or beyond it": [
    ext(17),
    ext(17, 3),
    ext(17, 0, ...ext(8, 0, 1), 0, 1),
    ext(17, 14, ...ext(8, 0, 1), 0, 1),
    ext(17, 3, 0xc4, 1, 1, 0, 1),
    ext(17, 3, 0xc0, 0, 1),
    ext(17, 3, 0x90, 0, 1),
    ext(17, 3, ...ext(8, 0, 1), 0, 2),
    ext(17, 3, ...ext(8, 0, 1), 2, 0),
    ext(17, 3, ...ext(8, 0, 1), 0xff, 1),
    ext(17, 3, ...ext(8, 0, 1), 0, 0xff),
    ext(17, 3, ...ext(8, 0, 1), 0),
    ext(17, 3, ...ext(8, 0, 1), 0, 0xc0),
    ext(17, 3, ...ext(8, 0, 1), 0xc0, 1),
    ext(17, 5, ...ext(8, 0, 1, 2, 3), 1, 1),
    ext(17, 5, ...ext(16, 8, 1, 2), 1, 0xc0),
    ext(17, 3, ...ext(16, 8, 1, 2), 3, 0xc0),
    ext(17, 3, ...ext(8, 0, 1), 0, 1, 1),
    ext(13, ...ext(17, 3, ...ext(14, 0), 0, 1)),
    ext(13, 0x92, 0xc4, 1, 1, ...ext(17, 3, ...ext(14, 1), 0, 1)),
  ],
  "objects made of text that are not, or not of this": [
    ext(18),
    ext(18, ...text("URLSearchParams")),
    ext(18, ...text("URLSearchParams"), 1),
    ext(18, ...text("Function"), ...text("1")),
    ext(18, ...text("Temporal"), ...text("1")),
    ext(18, ...text("constructor"), ...text("1")),
    ext(18, ...text("Temporal.Instant"), ...text("2024")),
    ext(18, ...text("Temporal.PlainDate"), ...text("2024-02-30")),
    ext(18, ...text("Temporal.Duration"), ...text("P1D")),
    ext(18, ...text("Temporal.Duration"), ...text("1 -1 0 0 0 0 0 0 0 0")),
    ext(18, ...text("Temporal.Duration"), ...text("a 0 0 0 0 0 0 0 0 0")),
  ],
};

for (const [kind, inputs] of Object.entries(malformed)) {
  Deno.test(`decode() throws ProtocolError at ${kind}`, () => {
    for (const input of inputs) {
      assertThrows(() => decode(new Uint8Array(input)), ProtocolError, "Cannot decode a message: ");
    }
  });
}

Deno.test("decode() throws ProtocolError at every truncation of a message that has everything in it", () => {
  const shared = { a: 1 };
  const all = [
    { x: undefined, y: 2n ** 70n, z: 1n, s: "é".repeat(40), lone: "\ud800" },
    new Map([[shared, new Set([1, shared])]]),
    new Error("e", { cause: new DOMException("d", "AbortError") }),
    [new Date(1), new Date(NaN), /a/g, new URL("a:b"), new Float64Array(2), new ArrayBuffer(300), new Uint8Array(9)],
    [1.5, -1, 2 ** 40, -(2 ** 40), 70_000, 300, null, true],
    ["abc".match(/b/), Temporal.Duration.from("P1D"), new URLSearchParams("a=b")],
    ((buffer) => [buffer, new Uint8Array(buffer, 1), new Uint16Array(buffer, 2, 1)])(
      new ArrayBuffer(5, { maxByteLength: 9 }),
    ),
  ];
  for (const value of [...all, all]) {
    const bytes = encode(value, "value");
    for (let length = 0; length < bytes.length; length++) {
      assertThrows(() => decode(bytes.subarray(0, length)), ProtocolError);
    }
  }
});

Deno.test("decode() believes no count or length that the bytes cannot hold", () => {
  const most = [0xff, 0xff, 0xff, 0xff];
  const claims = [[0xdd, ...most], [0xdf, ...most], [0xdb, ...most], [0xc6, ...most], [0xc9, ...most, 4], [
    0xdd,
    0,
    1,
    0,
    0,
  ]];
  const before = Deno.memoryUsage();
  for (const claim of claims) {
    assertThrows(() => decode(new Uint8Array([...claim, 1, 2, 3])), ProtocolError);
    assertThrows(() => decode(new Uint8Array([...ext(4, ...claim), 1, 2, 3])), ProtocolError);
  }
  const after = Deno.memoryUsage();
  assertEquals(after.heapTotal - before.heapTotal < 32 * 2 ** 20, true);
  assertEquals(after.external - before.external < 32 * 2 ** 20, true);
});

Deno.test("decode() makes no room that it was not sent, but for what buffers may grow by", () => {
  const before = Deno.memoryUsage();
  const buffer = decode(new Uint8Array(ext(16, 0xce, 0x3f, 0xff, 0xff, 0xff, 1))) as ArrayBuffer;
  assertEquals([buffer.byteLength, buffer.maxByteLength], [1, 2 ** 30 - 1]);
  const after = Deno.memoryUsage();
  assertEquals(after.rss - before.rss < 64 * 2 ** 20, true);
});

Deno.test("decode() does not let nested headers claim the same bytes for room each", () => {
  const size = 2 ** 20;
  const bytes = new Uint8Array(size).fill(0xc0);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 900; i++) {
    view.setUint8(5 * i, 0xdd);
    view.setUint32(5 * i + 1, size - 5 * (i + 1));
  }
  const before = Deno.memoryUsage().heapUsed;
  assertThrows(() => decode(bytes), ProtocolError);
  assertEquals(Deno.memoryUsage().heapUsed - before < 128 * 2 ** 20, true);
});

Deno.test("decode() reads from any view, at any offset, and keeps none of its memory", () => {
  const frame = new Uint8Array(64).fill(0xc1);
  frame.set(encode(["key", new Uint8Array([1, 2]), 0.5], "value"), 7);
  const length = encode(["key", new Uint8Array([1, 2]), 0.5], "value").length;
  const [, bytes, float] = decode(frame.subarray(7, 7 + length)) as [string, Uint8Array, number];
  frame.fill(0);
  assertEquals([bytes, float, bytes.buffer.byteLength], [new Uint8Array([1, 2]), 0.5, 2]);
});
