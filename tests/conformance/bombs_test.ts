/** Values of a few bytes in which the same object lies in 2^40 places cost no more than others where the library reads them. */
import { assertEquals, assertThrows } from "@std/assert";
import { partFrom } from "../../actors/inspection/arrival.ts";
import { definitionOf } from "../../actors/supervision/child.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { isGraph } from "../../channels/kernel/codec/tokens.ts";
import { manage } from "../../mod.ts";
import { within } from "./bounded.ts";

const LEVELS = 40;

/** A value within pairs of pairs, all of which are the same. */
function bomb(leaf: unknown, pair: (below: unknown) => unknown = (below) => [below, below]): unknown {
  let value = leaf;
  for (let level = 0; level < LEVELS; level++) value = pair(value);
  return value;
}

Deno.test("a list compares values that share objects by how they are written", async () => {
  await using manager = await manage({}, { placement: "inline" });
  const list = await manager.list<unknown>();
  await list.extend([bomb({ a: 1, b: 2 }), bomb("b"), { a: 1, b: [2] }]);
  assertEquals(await within(5000, list.indexOf(bomb("b"))), 1);
  // Equal in each of its 2^40 places, and yet written otherwise.
  assertEquals(await within(5000, list.indexOf(bomb({ b: 2, a: 1 }))), -1);
  assertEquals(await within(5000, list.indexOf({ b: [2], a: 1 })), 2);
});

Deno.test("a list compares Sets and keys of Maps that are objects by how they are written", async () => {
  await using manager = await manage({}, { placement: "inline" });
  const list = await manager.list<unknown>();
  const numbers = Array.from({ length: 20_000 }, (_, i) => [i]);
  const [many, reversed] = [new Set(numbers), new Set([...numbers].reverse())];
  const keyed = (keys: Iterable<unknown>) => new Map([...keys].map((key) => [key, 1]));
  const failed = (cause: unknown) => Object.assign(new Error("e", { cause }), { stack: "" });
  await list.extend([
    many,
    keyed(many),
    { deep: [many] },
    failed(many),
    new Set([1, 2]),
    new Map([["a", [1]], ["b", [2]]]),
  ]);
  assertEquals(await within(5000, list.indexOf(many)), 0);
  assertEquals(await within(5000, list.indexOf({ deep: [many] })), 2);
  for (const other of [reversed, keyed(reversed), { deep: [reversed] }, failed(reversed)]) {
    assertEquals(await within(5000, list.indexOf(other)), -1);
    assertEquals(await within(5000, list.remove(other)), false);
  }
  // Where others are found by their hash, the order does not matter.
  assertEquals(await list.indexOf(new Set([2, 1])), 4);
  assertEquals(await list.indexOf(new Map([["b", [2]], ["a", [1]]])), 5);
});

Deno.test("a value is known to share objects by whichever header that has", () => {
  assertEquals([isGraph(encode(bomb("a"), "")), isGraph(encode([[1], [1]], "")), isGraph(encode("a", ""))], [
    true,
    false,
    false,
  ]);
  for (const header of [[0xd4], [0xd8], [0xc7, 3], [0xc8, 0, 3], [0xc9, 0, 0, 0, 3]]) {
    assertEquals(isGraph(new Uint8Array([...header, 13, 0x90])), true);
    assertEquals(isGraph(new Uint8Array([...header, 12, 0x90])), false);
  }
  assertEquals(isGraph(new Uint8Array([])), false);
});

Deno.test("an isolate's report of itself is a text, and nothing else is read", () => {
  const party = { address: "f00d#1", name: "a" };
  const counts = { mailbox: 0, handled: 0, failed: 0, restarts: 0, busyMs: 0 };
  const leaf = { ...party, ...counts, placement: "thread", state: "running", children: [] };
  const tree = bomb(leaf, (below) => ({ ...leaf, children: [below, below] }));
  const lists = { queues: [], locks: [], calls: [], places: [] };
  for (const wrong of [{ tree, ...lists }, "", "{", "[".repeat(1_000_000), JSON.stringify(lists), 5]) {
    assertEquals(partFrom(wrong), undefined);
  }
  assertEquals(partFrom(JSON.stringify({ tree: leaf, ...lists }))?.tree.name, "a");
});

Deno.test("options of a child that share objects are compared in no time", () => {
  const spec = { kind: "actor", moduleUrl: "file:///a.ts", definition: "A" } as const;
  const described = (leaf: unknown) => definitionOf({ ...spec, options: { env: bomb(leaf) as never } });
  assertEquals([described("a") === described("a"), described("a") === described("b")], [true, false]);
  assertThrows(() => definitionOf({ ...spec, options: { env: () => {} } as never }));
});
