import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode } from "../../../../channels/kernel/codec/encode.ts";
import { isPlainList, joinLists } from "../../../../channels/kernel/codec/join.ts";

Deno.test("joined lists are read as one list of all their items, whatever their lengths", () => {
  const list = fc.array(fc.oneof(fc.integer(), fc.string(), fc.array(fc.integer())), { maxLength: 40 });
  fc.assert(fc.property(fc.array(list, { maxLength: 8 }), (lists) => {
    const count = lists.reduce((sum, { length }) => sum + length, 0);
    assertEquals(decode(joinLists(lists.map((list) => encode(list, "list")), count)), lists.flat());
  }));
  const long = Array.from({ length: 70_000 }, (_, i) => i);
  assertEquals(decode(joinLists([encode(long, "list"), encode([-1], "list")], 70_001)), [...long, -1]);
});

Deno.test("what shares an object, or is no list, cannot be joined", () => {
  const shared = { n: 1 };
  assert(isPlainList(encode([shared], "list")));
  assert(isPlainList(encode([], "list")));
  for (const value of [[shared, shared], { 0: 1 }, "list", 7, undefined, new Uint8Array(2)]) {
    assertFalse(isPlainList(encode(value, "value")));
  }
});
