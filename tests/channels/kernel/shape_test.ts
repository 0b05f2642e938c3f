import { assertEquals } from "@std/assert";
import { decode } from "../../../channels/kernel/codec/decode.ts";
import { encode } from "../../../channels/kernel/codec/encode.ts";
import { isAnything, isText, listOf, maybe } from "../../../channels/kernel/shape.ts";

Deno.test("a hole in a list counts as undefined, as those see it who go through the list", () => {
  const lists = [["a", , "b"], [,], ["a", , ,], new Array(3)].map((list) => decode(encode(list, "list")));
  for (const list of lists) {
    assertEquals(listOf(isText)(list), false);
    assertEquals([listOf(maybe(isText))(list), listOf(isAnything)(list)], [true, true]);
  }
  assertEquals([listOf(isText)([]), listOf(isText)(["a", "b"])], [true, true]);
});
