/** Keys that V8 finds slowly among each other are refused before they are, and no others. */
import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../../../channels/errors.ts";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode } from "../../../../channels/kernel/codec/encode.ts";
import { MAP, SET } from "../../../../channels/kernel/codec/extension.ts";
import { Writer } from "../../../../channels/kernel/codec/writer.ts";

const numbered = <T>(count: number, one: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => one(i));

/** Integers that V8 puts into one chain of 2 ** 13. */
function integersOfOneChain(count: number): number[] {
  const found: number[] = [];
  for (let integer = 0; found.length < count; integer++) {
    let hash = ~integer + (integer << 15);
    hash ^= hash >>> 12;
    hash += hash << 2;
    hash ^= hash >>> 4;
    hash = Math.imul(hash, 2057);
    if (((hash ^ hash >>> 16) & 0x1fff) === 5) found.push(integer);
  }
  return found;
}

const MASK = 2n ** 64n - 1n;
const inverseOf = (factor: bigint): bigint => {
  let inverse = factor;
  for (let i = 0; i < 6; i++) inverse = inverse * (2n - factor * inverse) & MASK;
  return inverse;
};
const unmix = (hash: bigint, bits: bigint): bigint => {
  let value = hash;
  for (let done = bits; done < 64n; done += bits) value = hash ^ value >> bits;
  return value;
};

/** 64 bits of which V8's hash has the low 30 bits 5: its steps undone one by one. */
function bitsOfOneChain(i: number): bigint {
  let hash = unmix(BigInt(i) << 30n | 5n, 22n);
  hash = unmix(hash * inverseOf(65n) & MASK, 11n);
  hash = unmix(hash * inverseOf(21n) & MASK, 31n);
  return (hash + 1n) * inverseOf(0x3ffffn) & MASK;
}

const view = new DataView(new ArrayBuffer(8));
function floatOf(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

const LONG = "a".repeat(20_000);
const chosen: Record<string, () => unknown[]> = {
  "integers": () => integersOfOneChain(12_000),
  "floats": () => numbered(6000, (i) => floatOf(bitsOfOneChain(i))).filter((float) => !Number.isNaN(float)),
  "bigints of 64 bits": () => numbered(6000, bitsOfOneChain),
  "negative bigints": () => numbered(6000, (i) => -bitsOfOneChain(i)),
  "bigints with the same low bits": () => numbered(6000, (i) => BigInt(i + 1) << 64n),
  "strings that are array indexes": () => numbered(6000, (i) => `${1e8 + i * 2 ** 18}`),
  "strings of one length that are too long to hash": () => numbered(400, (i) => LONG + `${i}`.padStart(5)),
};

type Encoded = readonly Uint8Array[];

/** What an encoder with all of them in a Set would write. No Set is made here: that takes as long as to read it. */
function setOf(keys: Encoded, times: number = 1): Uint8Array {
  const writer = new Writer();
  const mark = writer.openExtension(SET);
  for (let time = 0; time < times; time++) keys.forEach((key) => writer.raw(key));
  writer.closeExtension(mark);
  return writer.finish();
}

function mapOf(keys: Encoded, value: unknown): Uint8Array {
  const writer = new Writer();
  const mark = writer.openExtension(MAP);
  const bytes = encode(value, "value");
  for (const key of keys) [key, bytes].forEach((part) => writer.raw(part));
  writer.closeExtension(mark);
  return writer.finish();
}

/** MessagePack's own map with a key that is no string, which other libraries write. */
function foreignMapOf(keys: Encoded): Uint8Array {
  const nil = new Uint8Array([0xc0]);
  const count = new Uint8Array(4);
  new DataView(count.buffer).setUint32(0, keys.length + 1);
  const writer = new Writer();
  [new Uint8Array([0xdf]), count, nil, nil].forEach((part) => writer.raw(part));
  for (const key of keys) [key, nil].forEach((part) => writer.raw(part));
  return writer.finish();
}

const refused = (bytes: Uint8Array) => void assertThrows(() => decode(bytes), ProtocolError, "have the same hash");

for (const [what, make] of Object.entries(chosen)) {
  Deno.test(`keys that are all of one chain are refused: ${what}`, () => {
    const keys = make().map((key) => encode(key, "key"));
    refused(setOf(keys));
    refused(mapOf(keys, 1));
    // What lies beside the keys says nothing of how many they are.
    refused(mapOf(keys, "x".repeat(200)));
    refused(foreignMapOf(keys));
    if (keys[0].length > 1000) return;
    // Found again and again, a few of them take as long.
    refused(setOf(keys.slice(0, keys.length / 10), 200));
    // In several sets, as in one.
    const part = setOf(keys.slice(0, keys.length / 5));
    const writer = new Writer();
    writer.raw(new Uint8Array([0xdc, 0, 100]));
    for (let i = 0; i < 100; i++) writer.raw(part);
    refused(writer.finish());
  });
}

Deno.test("names of properties that are too long to hash, and of one length, are refused", () => {
  const names = chosen["strings of one length that are too long to hash"]() as string[];
  const entries = names.map((name) => [name, 1]);
  refused(encode(Object.fromEntries(entries), "value"));
  refused(encode(entries.map((entry) => Object.fromEntries([entry])), "value"));
  refused(encode(Object.assign(new Error("e"), Object.fromEntries(entries)), "value"));
  refused(encode(Object.assign([1], Object.fromEntries(entries)), "value"));
});

const ordinary: Record<string, () => unknown[]> = {
  "integers": () => numbered(300_000, (i) => i - 150_000),
  "multiples of 65536": () => numbered(60_000, (i) => (i - 30_000) * 65_536),
  "times": () => numbered(100_000, (i) => 1_796_000_000_000 + i * 1000),
  "halves": () => numbered(100_000, (i) => i + 0.5),
  "bigints": () => numbered(20_000, (i) => BigInt(i) << 40n),
  "bigints of 256 bits": () => numbered(5000, (i) => BigInt.asUintN(256, BigInt(2 * i + 1) ** 61n)),
  "digits": () => numbered(200_000, (i) => `${i}`),
  "thousands": () => numbered(20_000, (i) => `${i * 1000}`),
  "strings": () => numbered(100_000, (i) => `key ${i}`),
  "long strings": () => numbered(300, (i) => LONG + `${i}`.padStart(5)),
  "long strings of many lengths": () => numbered(1500, (i) => LONG + "b".repeat(i)),
};

for (const [what, make] of Object.entries(ordinary)) {
  Deno.test(`keys that nobody chose for one chain arrive: ${what}`, () => {
    const keys = make();
    assertEquals((decode(encode(new Set(keys), "value")) as Set<unknown>).size, keys.length);
    const map = decode(encode(new Map(keys.map((key) => [key, 1])), "value")) as Map<unknown, unknown>;
    assertEquals(map.size, keys.length);
    if (what !== "long strings of many lengths") return;
    const object = decode(encode(Object.fromEntries(map), "value")) as object;
    assertEquals(Object.keys(object).length, keys.length);
  });
}

Deno.test("objects that all have the same long name arrive", () => {
  const records = numbered(300, (i) => ({ [LONG]: i, short: i }));
  assertEquals((decode(encode(records, "value")) as unknown[]).length, 300);
});
