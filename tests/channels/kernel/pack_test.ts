import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { peek } from "../../../actors/manager/kept.ts";
import { ProtocolError } from "../../../channels/errors.ts";
import { HANDLE } from "../../../channels/kernel/codec/extension.ts";
import { handleKind, type Passage } from "../../../channels/kernel/handle.ts";
import { holders } from "../../../channels/kernel/holder.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";
import { unpack } from "../../../channels/kernel/pack.ts";

let revived = 0;
handleKind("test-parts", {
  leased: false,
  revive(_passage, _imported, _holder, parts) {
    revived++;
    return { parts: parts.length };
  },
});

const target = { isolate: "f00d!1", slot: 1, incarnation: 0, secret: "s" };
const holder = holders.adopt(isolate.id, 941);

/** A list that names these handles, as it is read where it is used or where it is kept. */
function naming(indexes: readonly number[], passages: readonly Passage[], isKept: boolean = false): unknown {
  const names = indexes.flatMap((index) => [0xd5, HANDLE, index >> 8, index & 0xff]);
  const bytes = new Uint8Array([0xdc, indexes.length >> 8, indexes.length & 0xff, ...names]);
  const packet = { bytes, passages, moved: [] };
  return isKept ? peek(packet) : unpack(packet, holder);
}

Deno.test("a handle that is part of another is named by no value: each is made once", () => {
  const most = 1000;
  const chain = Array.from({ length: most }, (_, at): Passage => {
    return { kind: "test-parts", target, meta: null, parts: most - 1 - at };
  });
  const upwards = chain.map((_, at) => at);
  for (const indexes of [upwards, upwards.toReversed(), [1, 0], [0, 1]]) {
    revived = 0;
    assertThrows(() => naming(indexes, chain), ProtocolError, "part of another handle");
    assertLessOrEqual(revived, most);
    assertThrows(() => naming(indexes, chain, true), ProtocolError, "part of another handle");
  }
  assertEquals(naming([0, 0], chain), [{ parts: 1 }, { parts: 1 }]);
  const apart = chain.map((passage) => ({ ...passage, parts: 0 }));
  assertEquals(naming([2, 1, 2], apart), [{ parts: 0 }, { parts: 0 }, { parts: 0 }]);
});
