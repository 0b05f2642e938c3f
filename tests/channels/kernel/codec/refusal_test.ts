import { runInNewContext } from "node:vm";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { NotSerializableError } from "../../../../channels/errors.ts";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode } from "../../../../channels/kernel/codec/encode.ts";
import { assertSame } from "./assert_same.ts";

class Foo {
  a = 1;
}
class Rows extends Array {}
class Table extends Map {}
class Bytes extends Uint8Array {}

function detached<T extends { buffer: ArrayBuffer }>(view: T): T {
  view.buffer.transfer();
  return view;
}

/** Made by another realm of this isolate. */
const elsewhere = (code: string): unknown => runInNewContext(code);

const port = new MessageChannel().port1;
port.close();

const refused: Record<string, readonly unknown[]> = {
  "function": [() => 1, Foo, async () => {}, new Proxy(() => 1, {})],
  "symbol": [Symbol("x"), Symbol.iterator],
  "class Foo": [new Foo()],
  "class Rows": [new Rows()],
  "class Table": [new Table()],
  "class Bytes": [new Bytes(1)],
  "class (anonymous)": [new (class {})()],
  "object with a prototype of its own": [Object.create({ a: 1 }), Object.create(Object.create(null))],
  "class Foreign": [elsewhere("new (class Foreign {})()")],
  "Promise": [Promise.resolve(1)],
  "WeakMap": [new WeakMap()],
  "WeakSet": [new WeakSet()],
  "WeakRef": [new WeakRef({})],
  "Generator": [(function* () {})()],
  "AsyncGenerator": [(async function* () {})()],
  "async iterable": [{ async *[Symbol.asyncIterator]() {} }],
  "Array Iterator": [[].values()],
  "boxed Number": [Object(1)],
  "boxed String": [Object("a")],
  "boxed Boolean": [Object(true)],
  "boxed BigInt": [Object(1n)],
  "SharedArrayBuffer": [
    new SharedArrayBuffer(1),
    new Uint8Array(new SharedArrayBuffer(1)),
    new DataView(new SharedArrayBuffer(1)),
  ],
  "detached ArrayBuffer": [
    detached(new Uint8Array(1)),
    detached(new Uint8Array(1)).buffer,
    detached(new DataView(new ArrayBuffer(1))),
  ],
  "Proxy of Map": [new Proxy(new Map(), {}), Object.create(Map.prototype)],
  "Proxy of Set": [new Proxy(new Set(), {})],
  "Proxy of Date": [new Proxy(new Date(), {})],
  "Proxy of RegExp": [new Proxy(/a/, {})],
  "Proxy of URL": [new Proxy(new URL("a:b"), {})],
  "Proxy of ArrayBuffer": [new Proxy(new ArrayBuffer(1), {})],
  "AbortSignal": [AbortSignal.abort()],
  "AbortController": [new AbortController()],
  "MessagePort": [port],
  "ReadableStream": [new ReadableStream()],
  "WritableStream": [new WritableStream()],
  "TransformStream": [new TransformStream()],
  "Request": [new Request("http://localhost/")],
  "Response": [new Response("")],
  "Headers": [new Headers()],
  "Blob": [new Blob([])],
  "File": [new File([], "name")],
  "FormData": [new FormData()],
  "Event": [new Event("x")],
  "WebAssembly.Memory": [new WebAssembly.Memory({ initial: 0 })],
  "Math": [Math],
  "JSON": [JSON],
};

for (const [kind, cases] of Object.entries(refused)) {
  Deno.test(`encode() refuses, with its path and kind: ${kind}`, () => {
    for (const value of cases) {
      const error = assertThrows(() => encode([{ options: { value } }], "args"), NotSerializableError);
      assertEquals([error.path, error.kind], ["args[0].options.value", kind]);
      assertThrows(() => encode(value, "args"), NotSerializableError, "Cannot send args: ");
    }
  });
}

const bad = () => 1;
const nowhere = Object.assign(new Error("e"), { detail: [bad] });

const paths: Record<string, unknown> = {
  "args": bad,
  "args[1]": [0, bad],
  "args[0].options.signal": [{ options: { a: 1, signal: bad } }],
  'args["a b"][""]["1x"]': { "a b": { "": { "1x": bad } } },
  "args.__proto__.x": Object.defineProperty({}, "__proto__", { value: { x: bad }, enumerable: true }),
  'args.get("k")': new Map([["a", 1 as unknown], ["k", bad]]),
  "args.get(5n).x": new Map([[5n, { x: bad }]]),
  "args.get(undefined)": new Map([[undefined, bad]]),
  "args.values()[1]": new Map([[{}, 1 as unknown], [[], bad]]),
  "args.keys()[0].f": new Map([[{ f: bad }, 1]]),
  "args.values()[2]": new Set([1, 2, bad]),
  "args.cause": new Error("e", { cause: bad }),
  "args.errors[1].detail[0]": new AggregateError([1, nowhere]),
  "args.a[1]": ((shared: unknown) => ({ b: shared, a: [shared, bad] }))({}),
};
for (const [path, value] of Object.entries(paths)) {
  Deno.test(`encode() names the path ${path}`, () => {
    assertEquals(assertThrows(() => encode(value, "args"), NotSerializableError).path, path);
  });
}

Deno.test("encode() says what cannot travel, where, and what to do", () => {
  const message = (value: unknown) => assertThrows(() => encode(value, "args"), NotSerializableError).message;
  assertEquals(message([{ onDone: bad }]), "Cannot send args[0].onDone: a function cannot travel");
  assertEquals(
    message(new Foo()),
    "Cannot send args: an instance of class Foo cannot travel; give plain data or a handle",
  );
  assertEquals(message(new ReadableStream()), "Cannot send args: a ReadableStream cannot travel; name it in transfer");
  assertEquals(message(AbortSignal.abort()), "Cannot send args: an AbortSignal cannot travel");
});

Deno.test("encode() refuses an array that is all but empty, instead of filling memory with its holes", () => {
  const sparse: unknown[] = [];
  sparse[4_000_000_000] = 1;
  const error = assertThrows(() => encode({ sparse }, "args"), NotSerializableError, "more than 1048576 holes");
  assertEquals([error.path, error.kind], ["args.sparse", "sparse array"]);
});

Deno.test("encode() passes on what a getter or the trap of a Proxy throws", () => {
  const thrown = { any: "thing" };
  const fail = () => {
    throw thrown;
  };
  const cases = [
    {
      get a() {
        return fail();
      },
    },
    new Proxy({}, { ownKeys: fail }),
    new Proxy({ a: 1 }, { get: fail }),
    new Proxy([1], { get: fail }),
    new Proxy({}, { getPrototypeOf: fail }),
  ];
  for (const value of cases) {
    try {
      encode([value], "args");
    } catch (error) {
      assertStrictEquals(error, thrown);
      continue;
    }
    throw new Error("Nothing was thrown");
  }
});

Deno.test("encode() works as before after it refused something", () => {
  const shared = {};
  for (
    const value of [bad, [shared, shared, bad], {
      get a() {
        throw new RangeError();
      },
    }]
  ) {
    assertThrows(() => encode(value, "args"));
    assertSame(decode(encode([shared], "args")), [{}]);
  }
});
