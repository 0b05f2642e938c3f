import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode } from "../../../../channels/kernel/codec/encode.ts";
import { assertSame } from "./assert_same.ts";

// deno-lint-ignore no-explicit-any -- the cycles under test have no type
const travelled = (value: unknown): any => decode(encode(value, "value"));

Deno.test("an object that appears twice arrives as one, of whatever class", () => {
  const shared: object[] = [
    {},
    [],
    new Map(),
    new Set(),
    new Date(0),
    new Date(NaN),
    /a/,
    new URL("a:b"),
    new ArrayBuffer(1),
    new Uint8Array(1),
    new Float64Array(1),
    new DataView(new ArrayBuffer(1)),
    new Error("e"),
    new DOMException("d"),
  ];
  for (const object of shared) {
    const [a, b, { c }] = travelled([object, object, { c: object }]);
    assertStrictEquals(a, b);
    assertStrictEquals(a, c);
    assertStrictEquals(Object.getPrototypeOf(a), Object.getPrototypeOf(object));
  }
  const all = [...shared, ...shared];
  const arrived = travelled(all);
  for (let i = 0; i < shared.length; i++) assertStrictEquals(arrived[i], arrived[i + shared.length]);
});

Deno.test("objects that are equal but not the same stay apart", () => {
  const [a, b] = travelled([{ x: 1 }, { x: 1 }]);
  assert(a !== b);
});

Deno.test("a cycle survives through objects and arrays", () => {
  const value: Record<string, unknown> = { name: "root" };
  value.self = value;
  value.list = [value, [value]];
  const arrived = travelled(value);
  assertStrictEquals(arrived.self, arrived);
  assertStrictEquals(arrived.list[1][0], arrived);
  assertEquals(Object.keys(arrived), ["name", "self", "list"]);
});

Deno.test("a cycle survives through a Map, as key and as value, and through a Set", () => {
  const map = new Map<unknown, unknown>();
  map.set(map, "itself").set("set", new Set([map]));
  const arrived = travelled(map);
  assertEquals(arrived.get(arrived), "itself");
  assert(arrived.get("set").has(arrived));
});

Deno.test("a cycle survives through an error's cause, errors and fields", () => {
  const error: Error & { self?: unknown; list?: unknown } = new AggregateError([], "e");
  error.cause = { of: error };
  (error as AggregateError).errors.push(error);
  error.self = error;
  const arrived = travelled(error);
  assertStrictEquals(arrived.cause.of, arrived);
  assertStrictEquals(arrived.errors[0], arrived);
  assertStrictEquals(arrived.self, arrived);
});

Deno.test("a cycle through __proto__ as a key survives and sets no prototype", () => {
  const value = {};
  Object.defineProperty(value, "__proto__", { value, enumerable: true });
  const arrived = travelled(value);
  assertStrictEquals(Object.getOwnPropertyDescriptor(arrived, "__proto__")?.value, arrived);
  assertStrictEquals(Object.getPrototypeOf(arrived), Object.prototype);
});

Deno.test("repetition is found however far apart, among few objects and among many", () => {
  for (const count of [1, 7, 8, 9, 127, 128, 129, 3000]) {
    for (const at of new Set([0, count >> 1, count - 1])) {
      const list = Array.from({ length: count }, (_, i) => ({ i }));
      const arrived = travelled([list, list[at]]);
      assertStrictEquals(arrived[1], arrived[0][at]);
      assertEquals(arrived[1], { i: at });
    }
  }
});

Deno.test("a value that shares at every level takes room in proportion to its objects, not to its paths", () => {
  let value: unknown = { bottom: true };
  for (let i = 0; i < 60; i++) value = [value, value];
  let arrived = travelled(value);
  assert(encode(value, "value").length < 1000);
  for (let i = 0; i < 60; i++) arrived = arrived[i % 2];
  assertEquals(arrived, { bottom: true });
});

Deno.test("a tree costs nothing for what it does not share: its bytes are plain MessagePack", () => {
  assertEquals(encode({ a: [1, {}] }, "value"), new Uint8Array([0x81, 0xa1, 0x61, 0x92, 0x01, 0x80]));
});

Deno.test("holes, undefined and views survive beside shared references", () => {
  const view = new Uint16Array([1, 2]);
  // deno-lint-ignore no-sparse-arrays -- the hole is under test
  const value = [view, , undefined, { view, "\ud800": view }];
  assertSame(travelled(value), value);
});
