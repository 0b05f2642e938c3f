/**
 * Values of every kind there is, made anew each time so that both sides of a journey can say what they should be: whether
 * they travel, and what `structuredClone` does with them where that is something else.
 */

import { Buffer } from "node:buffer";
import { createSecretKey } from "node:crypto";
import vm from "node:vm";
import * as namespace from "./value_namespace.ts";

/** A kind of value. */
export interface Row {
  make(): unknown;
  /** What arrives, where that is not the same. */
  readonly arrives?: () => unknown;
  /** By which kind it is refused; it travels where this is left out. */
  readonly refused?: string;
  /** Where in the value what is refused is. */
  readonly at?: string;
  /** What `structuredClone` does, where that is not the same, and why it is not the same here. */
  readonly clone?: readonly ["keeps" | "loses" | "refuses", why: string];
}

const NO_DATA = "what structuredClone leaves of it is not it";
const NOT_LOST = "it would be lost without a word";
const MORE = "it is data, and can be had back in every placement";
const NOT_EVERYWHERE = "it cannot go to another process";
const MISTAKE = "an object in place of a primitive is a mistake more often than not";
const SECRET = "a key is not sent by mistake: its export() gives what travels";
const WAITS = "to read it one has to wait, and a value is a snapshot taken at the call";

const kept = (make: () => unknown, clone?: Row["clone"]): Row => clone === undefined ? { make } : { make, clone };
const refused = (kind: string, make: () => unknown, clone?: Row["clone"], at = ""): Row => {
  return clone === undefined ? { make, refused: kind, at } : { make, refused: kind, at, clone };
};

class Point {
  x = 1;
}
class Secretive {
  #secret = 1;
  get secret(): number {
    return this.#secret;
  }
}
class Rows extends Array<number> {}
class Table extends Map<number, number> {}
class Bag extends Set<number> {}
class Bytes extends Uint8Array {}
class Moment extends Date {}

const context = vm.createContext({});
const foreign = (code: string): unknown => vm.runInContext(code, context);
const hmac = { name: "HMAC", hash: "SHA-256" };
const key = await crypto.subtle.importKey("raw", new Uint8Array(32), hmac, true, ["sign"]);
const MODULE = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

const bytes = (): Uint8Array<ArrayBuffer> => new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
const resizable = (): ArrayBuffer => {
  const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
  new Uint8Array(buffer).set([1, 2, 3, 4, 5, 6, 7, 8]);
  return buffer;
};
const detached = <T extends { readonly buffer: ArrayBufferLike }>(view: T): T => {
  (view.buffer as ArrayBuffer).transfer();
  return view;
};
const withProperty = <T extends object>(object: T): T => Object.assign(object, { extra: 1 });
const shrunk = <T>(make: (buffer: ArrayBuffer) => T): T => {
  const buffer = resizable();
  const view = make(buffer);
  buffer.resize(2);
  return view;
};
const port = (): MessagePort => {
  const { port1, port2 } = new MessageChannel();
  port1.close();
  port2.close();
  return port1;
};

/** By what they are called. */
export const TABLE: Readonly<Record<string, Row>> = {
  "undefined": kept(() => undefined),
  "null": kept(() => null),
  "true": kept(() => true),
  "false": kept(() => false),
  "0": kept(() => 0),
  "-0": kept(() => -0),
  "NaN": kept(() => NaN),
  "Infinity": kept(() => -Infinity),
  "the largest safe integer": kept(() => Number.MAX_SAFE_INTEGER),
  "a fraction": kept(() => 0.1),
  "a small bigint": kept(() => 1n),
  "a large bigint": kept(() => -(2n ** 200n)),
  "an empty string": kept(() => ""),
  "a string": kept(() => "é€😀\0"),
  "a lone surrogate": kept(() => "\ud800"),
  "a long string": kept(() => "long ".repeat(20_000)),
  "a symbol": refused("symbol", () => Symbol("s")),
  "a registered symbol": refused("symbol", () => Symbol.for("s")),
  "a function": refused("function", () => () => 1),
  "a class": refused("function", () => Point),
  "an async function": refused("function", () => async () => {}),
  "a boxed number": refused("boxed Number", () => Object(1), ["keeps", MISTAKE]),
  "a boxed string": refused("boxed String", () => Object("a"), ["keeps", MISTAKE]),
  "a boxed boolean": refused("boxed Boolean", () => Object(true), ["keeps", MISTAKE]),
  "a boxed bigint": refused("boxed BigInt", () => Object(1n), ["keeps", MISTAKE]),
  "a boxed symbol": refused("boxed Symbol", () => Object(Symbol("s"))),

  "an empty object": kept(() => ({})),
  "an object": kept(() => ({ b: 1, a: { deep: [{ er: null }] }, "": 2, "a b": 3, 7: 4 })),
  "an undefined field": kept(() => ({ a: undefined })),
  "a field named __proto__": kept(() => JSON.parse('{ "__proto__": { "x": 1 } }')),
  "a getter": kept(() => ({
    get sum() {
      return 1 + 1;
    },
  })),
  "a setter": {
    make: () => Object.defineProperty({}, "sum", { set: () => {}, enumerable: true }),
    arrives: () => ({ sum: undefined }),
  },
  "an object without a prototype": kept(() => Object.assign(Object.create(null), { a: 1 })),
  "a frozen object": kept(() => Object.freeze({ a: Object.freeze([1]) })),
  "a sealed object": kept(() => Object.seal({ a: 1 })),
  "an object that cannot be extended": kept(() => Object.preventExtensions({ a: 1 })),
  "an object twice": kept(() => ((shared) => ({ a: shared, b: [shared, shared] }))({ shared: true })),
  "a cycle": kept(() => {
    const object: Record<string, unknown> = { list: [] };
    object.self = object;
    (object.list as unknown[]).push(object);
    return object;
  }),
  "a symbol key": refused("symbol key", () => ({ a: 1, [Symbol("k")]: 2 }), ["loses", NOT_LOST], "[Symbol(k)]"),
  "nothing but a symbol key": refused(
    "symbol key",
    () => ({ [Symbol.for("k")]: 1 }),
    ["loses", NOT_LOST],
    "[Symbol(k)]",
  ),
  "a property that is not enumerable": refused(
    "hidden property",
    () => Object.defineProperty({ a: 1 }, "hidden", { value: 2 }),
    ["loses", NOT_LOST],
    ".hidden",
  ),
  "an object with a tag": refused("Tag", () => ({ a: 1, [Symbol.toStringTag]: "Tag" }), ["loses", NOT_LOST]),
  "an object with a prototype of its own": refused(
    "object with a prototype of its own",
    () => Object.create({ inherited: 1 }),
    ["loses", NO_DATA],
  ),
  "an instance": refused("class Point", () => new Point(), ["loses", NO_DATA]),
  "an instance with private members": refused("class Secretive", () => new Secretive(), ["loses", NO_DATA]),
  "arguments": refused(
    "Arguments",
    function (): unknown {
      return (function (..._values: number[]) {
        return arguments;
      })(1, 2);
    },
  ),
  "a proxy of an object": {
    make: () => new Proxy({ a: 1 }, {}),
    arrives: () => ({ a: 1 }),
    clone: ["refuses", "what it shows is data"],
  },
  "a proxy of an array": {
    make: () => new Proxy([1, 2], {}),
    arrives: () => [1, 2],
    clone: ["refuses", "what it shows is data"],
  },
  "a proxy of a Map": refused("Proxy of Map", () => new Proxy(new Map(), {})),
  "a proxy of a function": refused("function", () => new Proxy(() => 1, {})),

  "an empty array": kept(() => []),
  "an array": kept(() => [1, "two", [null, { four: 5 }]]),
  // deno-lint-ignore no-sparse-arrays -- holes are what is tested
  "holes": kept(() => [, 1, , undefined, ,]),
  "nothing but holes": kept(() => Array(40)),
  "more holes than can be meant": refused(
    "sparse array",
    () => Object.assign([], { 4_000_000_000: 1 }),
    ["keeps", "each hole costs three bytes"],
  ),
  "a match": kept(() => "on 2024-05".match(/(?<year>\d{4})-(?<month>\d\d)/)),
  "a match without groups": kept(() => /b/.exec("abc")),
  "a match with indices": kept(() => /(?<b>b)(c)?/d.exec("abd")),
  "matches": kept(() => [..."a1b2".matchAll(/\d/g)]),
  "an array with a property": kept(() => Object.assign([1], { total: 1 })),
  "a long array with a property": kept(() => Object.assign(Array.from({ length: 300 }, (_, i) => i), { total: 1 })),
  "a long array of fractions with a property": kept(() => Object.assign(Array(300).fill(0.5), { unit: "m" })),
  "an empty array with a property": kept(() => Object.assign([], { total: { deep: [1] } })),
  // deno-lint-ignore no-sparse-arrays -- holes are what is tested
  "an array with holes and a property": kept(() => Object.assign([, 1, ,], { total: 1 })),
  "an array with properties like indexes": kept(() =>
    Object.assign([1], { "-1": 2, "01": 3, "4294967295": 4, "1.5": 5 })
  ),
  "an array with a property named __proto__": kept(() =>
    Object.defineProperty([1], "__proto__", { value: 2, enumerable: true, writable: true, configurable: true })
  ),
  "an array that is its own property": kept(() => {
    const array: unknown[] = [1];
    return Object.assign(array, { array });
  }),
  "an array twice, with a property": kept(() => ((a) => [a, { a }, a])(Object.assign([{}], { total: [1] }))),
  "an array with a getter": kept(() =>
    Object.defineProperty([0, 1], 1, { get: () => "one", enumerable: true, configurable: true })
  ),
  "a frozen array": kept(() => Object.freeze([1, 2])),
  "the strings of a template": refused(
    "hidden property",
    () => ((strings: TemplateStringsArray, ..._values: number[]) => strings)`a${1}b`,
    ["loses", NOT_LOST],
    ".raw",
  ),
  "an array of a subclass": refused("class Rows", () => new Rows(), ["loses", NO_DATA]),

  "a Map": kept(() => new Map<unknown, unknown>([["a", 1], [NaN, { deep: new Map() }], [{ key: 1 }, undefined]])),
  "a Set": kept(() => new Set<unknown>([1, "1", 1n, [1], NaN, undefined])),
  "a Map within itself": kept(() => ((map) => map.set(map, map))(new Map<unknown, unknown>())),
  "a Map with a property": refused("property of a Map", () => withProperty(new Map()), ["loses", NOT_LOST], ".extra"),
  "a Set with a property": refused("property of a Set", () => withProperty(new Set()), ["loses", NOT_LOST], ".extra"),
  "a Map of a subclass": refused("class Table", () => new Table(), ["loses", NO_DATA]),
  "a Set of a subclass": refused("class Bag", () => new Bag(), ["loses", NO_DATA]),
  "a Date": kept(() => new Date(1_700_000_000_123)),
  "an invalid Date": kept(() => new Date(NaN)),
  "a Date with a property": refused(
    "property of a Date",
    () => withProperty(new Date(0)),
    ["loses", NOT_LOST],
    ".extra",
  ),
  "a Date of a subclass": refused("class Moment", () => new Moment(0), ["loses", NO_DATA]),
  "a RegExp": kept(() => /a\/(?<x>b)/dgimsy),
  "a RegExp in use": kept(() => {
    const pattern = /a/g;
    pattern.test("ba");
    return pattern;
  }, ["loses", "it goes on where the original would"]),
  "a RegExp with a property": refused(
    "property of a RegExp",
    () => withProperty(/a/),
    ["loses", NOT_LOST],
    ".extra",
  ),
  "a URL": kept(() => new URL("https://user:pw@example.com:8443/ä?q=%20#f"), ["refuses", MORE]),
  "a URL with a property": refused(
    "property of a URL",
    () => withProperty(new URL("a:b")),
    undefined,
    ".extra",
  ),
  "a URLSearchParams": kept(() => new URLSearchParams("a=1&a=%20&ä="), ["refuses", MORE]),

  "an ArrayBuffer": kept(() => bytes().buffer),
  "an empty ArrayBuffer": kept(() => new ArrayBuffer(0)),
  "a resizable ArrayBuffer": kept(resizable),
  "a resizable ArrayBuffer at its end": kept(() => new ArrayBuffer(8, { maxByteLength: 8 })),
  "an empty resizable ArrayBuffer": kept(() => new ArrayBuffer(0, { maxByteLength: 70_000 })),
  "a detached ArrayBuffer": refused("detached ArrayBuffer", () => detached(bytes()).buffer),
  "an ArrayBuffer with a property": refused(
    "property of an ArrayBuffer",
    () => withProperty(new ArrayBuffer(1)),
    ["loses", NOT_LOST],
    ".extra",
  ),
  "a SharedArrayBuffer": refused(
    "SharedArrayBuffer",
    () => new SharedArrayBuffer(1),
    ["keeps", NOT_EVERYWHERE],
  ),
  "a SharedArrayBuffer that grows": refused(
    "SharedArrayBuffer",
    () => new SharedArrayBuffer(1, { maxByteLength: 2 }),
    ["keeps", NOT_EVERYWHERE],
  ),
  ...Object.fromEntries(
    [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array]
      .concat([BigUint64Array, Float16Array, Float32Array, Float64Array] as never)
      .flatMap((Class) => [
        [`a ${Class.name}`, kept(() => new Class(bytes().buffer))],
        [`a ${Class.name} of a part`, kept(() => new Class(bytes().buffer, 8, 1))],
        [`a ${Class.name} that tracks its length`, kept(() => new Class(resizable()))],
      ]),
  ) as Record<string, Row>,
  "a DataView": kept(() => new DataView(bytes().buffer)),
  "a DataView of a part": kept(() => new DataView(bytes().buffer, 3, 5)),
  "a DataView that tracks its length": kept(() => new DataView(resizable(), 3)),
  "a DataView with a property": refused(
    "property of a DataView",
    () => withProperty(new DataView(new ArrayBuffer(1))),
    ["loses", NOT_LOST],
    ".extra",
  ),
  "an empty view": kept(() => new Float64Array(0)),
  "a view that tracks its length, of uneven bytes": kept(() =>
    new Uint16Array(new ArrayBuffer(5, { maxByteLength: 16 }))
  ),
  "a view that tracks its length from the middle on": kept(() => new Uint16Array(resizable(), 2)),
  "a view of the middle of a resizable buffer": kept(() => new Uint8Array(resizable(), 1, 3)),
  "a view out of the bounds of its buffer": refused(
    "view out of bounds",
    () => shrunk((buffer) => new Uint8Array(buffer, 4, 4)),
  ),
  "a DataView out of the bounds of its buffer": refused(
    "view out of bounds",
    () => shrunk((buffer) => new DataView(buffer, 4, 4)),
  ),
  "a detached view": refused("detached ArrayBuffer", () => detached(bytes())),
  "a detached DataView": refused("detached ArrayBuffer", () => detached(new DataView(new ArrayBuffer(1)))),
  "a view of shared memory": refused(
    "SharedArrayBuffer",
    () => new Uint8Array(new SharedArrayBuffer(1)),
    ["keeps", NOT_EVERYWHERE],
  ),
  "a view of a subclass": refused("class Bytes", () => new Bytes(1), ["loses", NO_DATA]),
  "a Buffer of Node": {
    make: () => Buffer.from("hi"),
    arrives: () => new Uint8Array([104, 105]),
  },
  "a view twice": kept(() => ((view) => [view, view])(bytes())),
  "two views of all of one buffer": kept(() =>
    ((buffer) => [new Uint8Array(buffer), new Uint8Array(buffer)])(bytes().buffer)
  ),
  "views that overlap": kept(() =>
    ((buffer) => [new Uint8Array(buffer, 9, 4), new Float64Array(buffer, 8, 1), new DataView(buffer, 3, 7)])(
      bytes().buffer,
    )
  ),
  "views of different parts": kept(() =>
    ((buffer) => [new Uint8Array(buffer, 0, 4), new Uint8Array(buffer, 4, 4), new Int32Array(buffer, 8)])(
      bytes().buffer,
    )
  ),
  "a buffer and its views": kept(() =>
    ((buffer) => ({ view: new Uint16Array(buffer, 2, 3), buffer, empty: new Int8Array(buffer, 3, 0) }))(bytes().buffer)
  ),
  "a resizable buffer and its views": kept(() =>
    ((buffer) => [new Uint8Array(buffer, 2, 2), buffer, new Uint8Array(buffer)])(resizable())
  ),
  "views that overlap at the end of a resizable buffer": kept(() =>
    ((buffer) => [new Uint8Array(buffer, 5), new Uint8Array(buffer, 3, 3)])(resizable())
  ),
  "many views that overlap": kept(() =>
    ((buffer) => Array.from({ length: 200 }, (_, i) => new Uint8Array(buffer, i, 2)))(new ArrayBuffer(201))
  ),

  "an Error": kept(() => new Error("e", { cause: { any: ["thing"] } })),
  "an error with fields": kept(() => Object.assign(new RangeError("e"), { extra: new Date(0) }), ["loses", MORE]),
  "an error with several": kept(() => new AggregateError([new SyntaxError("a"), 5], "e"), ["loses", MORE]),
  "an error of Deno's": kept(() => new Deno.errors.NotFound("e"), ["loses", MORE]),
  "a DOMException": kept(() => new DOMException("e", "AbortError")),

  "a Temporal.Instant": kept(() => Temporal.Instant.from("2024-05-06T07:08:09.123456789Z"), ["refuses", MORE]),
  "a Temporal.PlainDate": kept(() => Temporal.PlainDate.from("2024-05-06[u-ca=hebrew]"), ["refuses", MORE]),
  "a Temporal.PlainTime": kept(() => Temporal.PlainTime.from("07:08:09.000000001"), ["refuses", MORE]),
  "a Temporal.PlainDateTime": kept(() => Temporal.PlainDateTime.from("-002024-05-06T07:08"), ["refuses", MORE]),
  "a Temporal.PlainYearMonth": kept(() => Temporal.PlainYearMonth.from("2024-05"), ["refuses", MORE]),
  "a Temporal.PlainMonthDay": kept(() => Temporal.PlainMonthDay.from("02-29"), ["refuses", MORE]),
  "a Temporal.ZonedDateTime": kept(
    () => Temporal.ZonedDateTime.from("2024-10-27T02:30+01:00[Europe/Berlin]"),
    ["refuses", MORE],
  ),
  "a Temporal.Duration": kept(
    () => Temporal.Duration.from({ years: -1, hours: -30, milliseconds: -1500, nanoseconds: -(2 ** 53) }),
    ["refuses", MORE],
  ),
  "a Temporal.PlainDate with a property": refused(
    "property of a Temporal.PlainDate",
    () => withProperty(Temporal.PlainDate.from("2024-05-06")),
    undefined,
    ".extra",
  ),

  "an object of another realm": { make: () => foreign("({ a: { b: 1 } })"), arrives: () => ({ a: { b: 1 } }) },
  "an array of another realm": { make: () => foreign("[1, , [2]]"), arrives: () => eval("[1, , [2]]") },
  "a match of another realm": { make: () => foreign("/b/.exec('abc')"), arrives: () => /b/.exec("abc") },
  "a Map of another realm": {
    make: () => foreign("new Map([[1, new Set([2])]])"),
    arrives: () => new Map([[1, new Set([2])]]),
  },
  "a Date of another realm": { make: () => foreign("new Date(5)"), arrives: () => new Date(5) },
  "a RegExp of another realm": { make: () => foreign("/a/g"), arrives: () => /a/g },
  "bytes of another realm": {
    make: () => foreign("[new Uint8Array([1, 2]).buffer, new Uint16Array([3]), new DataView(new ArrayBuffer(1))]"),
    arrives: () => [new Uint8Array([1, 2]).buffer, new Uint16Array([3]), new DataView(new ArrayBuffer(1))],
  },
  "an instance of another realm": refused("class Far", () => foreign("new (class Far { x = 1 })()"), [
    "loses",
    NO_DATA,
  ]),
  "a function of another realm": refused("function", () => foreign("() => 1")),
  "what has the prototype of another realm's array": refused(
    "class Array",
    () => foreign("Object.create(Array.prototype)"),
    ["loses", NO_DATA],
  ),

  "a Blob": refused("Blob", () => new Blob(["x"], { type: "text/plain" }), ["keeps", WAITS]),
  "a File": refused("File", () => new File(["x"], "name"), ["keeps", WAITS]),
  "a FormData": refused("FormData", () => new FormData(), ["loses", NO_DATA]),
  "Headers": refused("Headers", () => new Headers({ a: "b" })),
  "a Request": refused("Request", () => new Request("http://localhost/")),
  "a Response": refused("Response", () => new Response("x")),
  "a ReadableStream": refused("ReadableStream", () => new ReadableStream()),
  "a WritableStream": refused("WritableStream", () => new WritableStream()),
  "a TransformStream": refused("TransformStream", () => new TransformStream()),
  "a MessagePort": refused("MessagePort", port),
  "an AbortController": refused("AbortController", () => new AbortController(), ["loses", NO_DATA]),
  "an EventTarget": refused("EventTarget", () => new EventTarget(), ["loses", NO_DATA]),
  "an Event": refused("Event", () => new Event("x"), ["loses", NO_DATA]),
  "a TextDecoder": refused("TextDecoder", () => new TextDecoder(), ["loses", NO_DATA]),
  "ImageData": refused("ImageData", () => new ImageData(1, 1), ["loses", NO_DATA]),
  "a DOMRect": refused("DOMRect", () => new DOMRect(1, 2, 3, 4), ["loses", NO_DATA]),
  "a DOMPoint": refused("DOMPoint", () => new DOMPoint(1, 2), ["loses", NO_DATA]),
  "a DOMMatrix": refused("DOMMatrix", () => new DOMMatrix(), ["loses", NO_DATA]),
  "a URLPattern": refused("URLPattern", () => new URLPattern({ pathname: "/x" }), ["loses", NO_DATA]),
  "a CryptoKey": refused("CryptoKey", () => key, ["keeps", WAITS]),
  "a KeyObject": refused("class SecretKeyObject", () => createSecretKey(new Uint8Array(8)), ["keeps", SECRET]),
  "a WebAssembly.Module": refused("WebAssembly.Module", () => new WebAssembly.Module(MODULE), [
    "keeps",
    NOT_EVERYWHERE,
  ]),
  "a WebAssembly.Memory": refused("WebAssembly.Memory", () => new WebAssembly.Memory({ initial: 0 })),
  "a Promise": refused("Promise", () => Promise.resolve(1)),
  "a WeakMap": refused("WeakMap", () => new WeakMap()),
  "a WeakSet": refused("WeakSet", () => new WeakSet()),
  "a WeakRef": refused("WeakRef", () => new WeakRef({})),
  "a FinalizationRegistry": refused("FinalizationRegistry", () => new FinalizationRegistry(() => {})),
  "a DisposableStack": refused("DisposableStack", () => new DisposableStack()),
  "a generator": refused("Generator", () => (function* () {})()),
  "an iterator": refused("Array Iterator", () => [1].values()),
  "an Intl.NumberFormat": refused("Intl.NumberFormat", () => new Intl.NumberFormat()),
  "Math": refused("Math", () => Math, ["loses", NO_DATA]),
  "a module": refused("Module", () => namespace),
};
