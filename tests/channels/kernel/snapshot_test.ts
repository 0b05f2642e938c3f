/** What goes on within an isolate is copied without the codec where it is plain data, and then as by the codec. */

import { assert, assertEquals, assertNotStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decode } from "../../../channels/kernel/codec/decode.ts";
import { encode } from "../../../channels/kernel/codec/encode.ts";
import { Snapshot } from "../../../channels/kernel/snapshot.ts";
import { assertSame } from "./codec/assert_same.ts";

const key = fc.oneof({ arbitrary: fc.string(), weight: 9 }, { arbitrary: fc.constant("__proto__"), weight: 1 });
const primitive = fc.oneof(
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, NaN, "\ud800"),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: "value" },
    primitive,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(key, tie("value"), { maxKeys: 5 }),
    fc.constantFrom<unknown>(new Date(0), new Map([[1, 2]]), /x/, new Uint8Array(3), [1, , 3], Object.create(null)),
    fc.constantFrom<unknown>("abc".match(/b/), Object.assign([0.5], { unit: "m" }), ["a", "b"], Object.freeze([1])),
    fc.tuple(fc.dictionary(key, tie("value"), { maxKeys: 3 }), fc.constantFrom(Symbol("s"), "hidden", undefined))
      .map(([record, extra]) => extra === undefined ? record : Object.defineProperty(record, extra, { value: 1 })),
  ),
}));

Deno.test("a snapshot is what the codec would make of the value, or there is none", () => {
  let count = 0;
  fc.assert(
    fc.property(value, (original) => {
      const snapshot = Snapshot.of(original);
      if (snapshot === undefined) return;
      count++;
      // What the codec would refuse throws here.
      assertSame(decode(snapshot.bytes), decode(encode(original, "value")));
      assertSame(snapshot.take(), decode(encode(original, "value")));
    }),
    { numRuns: 2000 },
  );
  assert(count > 500, `only ${count} of 2000 values were plain`);
});

Deno.test("a snapshot shares nothing with the original", () => {
  const original = { list: [1, { deep: "text" }], also: { n: 1n } };
  const copied = Snapshot.of(original)!.take() as typeof original;
  assertEquals(copied, original);
  const objects = (of: typeof original): unknown[] => [of, of.list, of.list[1], of.also];
  for (const [i, object] of objects(copied).entries()) assertNotStrictEquals(object, objects(original)[i]);
});

Deno.test("what is no small tree of plain data is left to the codec", () => {
  const twice = { a: 1 };
  const cycle: unknown[] = [];
  cycle.push(cycle);
  class Own {}
  for (
    const other of [
      [twice, twice],
      cycle,
      new Own(),
      () => {},
      Symbol("s"),
      [1, , 2],
      { [Symbol.toStringTag]: "Namespace" },
      { async *[Symbol.asyncIterator]() {} },
      JSON.parse('{"__proto__": 1}'),
      Array.from({ length: 100 }, () => ({})),
      [new Map()],
      Object.assign([1], { name: 1 }),
      Object.assign(Array.from({ length: 50 }, (_, i) => i), { name: 1 }),
      { [Symbol("key")]: 1 },
      Object.defineProperty({ a: 1 }, "hidden", { value: 1 }),
    ]
  ) assertEquals(Snapshot.of([other]), undefined);
});

Deno.test("a getter that takes a snapshot itself does not disturb that of its owner", () => {
  const inner = { shared: {} };
  const outer = {
    first: inner.shared,
    get second() {
      return Snapshot.of(inner)!.take();
    },
  };
  assertEquals(Snapshot.of(outer)!.take(), { first: {}, second: { shared: {} } });
  const failing = {
    get broken(): never {
      throw new Error("the getter failed");
    },
  };
  assertThrows(() => Snapshot.of([failing]), Error, "the getter failed");
  assert(Snapshot.of([failing.constructor.name]) !== undefined);
});

Deno.test("of a list of arguments nothing but the items counts", () => {
  assertEquals(Snapshot.of(Object.assign([1, { a: 2 }], { name: 3 }), true)!.take(), [1, { a: 2 }]);
  assertEquals(Snapshot.of([Object.assign([1], { name: 3 })], true), undefined);
});

Deno.test("what all objects inherit is copied with none of them", () => {
  Object.defineProperty(Object.prototype, "everywhere", { value: 1, enumerable: true, configurable: true });
  try {
    for (const value of [{}, { a: 1 }, Object.create(null)]) {
      assertEquals(
        Object.keys((Snapshot.of(value)?.take() ?? decode(encode(value, "value"))) as object),
        Object.keys(value),
      );
      assertEquals(Object.keys(decode(encode(value, "value")) as object), Object.keys(value));
    }
  } finally {
    Reflect.deleteProperty(Object.prototype, "everywhere");
  }
});

Deno.test("a snapshot is given to one reader", () => {
  const snapshot = Snapshot.of([1])!;
  assertEquals(snapshot.take(), [1]);
  assertThrows(() => snapshot.take(), Error, "Cannot read a message again");
  assertThrows(() => snapshot.bytes, Error, "Cannot read a message again");
});
