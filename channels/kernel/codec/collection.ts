import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { MAP, SET } from "./extension.ts";
import { KeyChains } from "./key_chains.ts";
import { refuseNames } from "./own_properties.ts";
import { instance, passing } from "./refusal.ts";

/** No chain of so many keys matters. */
const FEW = 64;

export function writeMap(encoder: Encoder, map: Map<unknown, unknown>, depth: number): void {
  const entries = instance("Map", map, entriesOf);
  refuseNames(map, "Map");
  if (encoder.metAgain(map)) return;
  encoder.descend(depth);
  const mark = encoder.writer.openExtension(MAP);
  let i = 0;
  try {
    for (; i < entries.length; i++) encoder.value(entries[i], depth + 1);
  } catch (thrown) {
    throw passing(thrown, segment(entries, i));
  }
  encoder.writer.closeExtension(mark);
}

export function writeSet(encoder: Encoder, set: Set<unknown>, depth: number): void {
  const values = instance("Set", set, valuesOf);
  refuseNames(set, "Set");
  if (encoder.metAgain(set)) return;
  encoder.descend(depth);
  const mark = encoder.writer.openExtension(SET);
  let i = 0;
  try {
    for (; i < values.length; i++) encoder.value(values[i], depth + 1);
  } catch (thrown) {
    throw passing(thrown, `.values()[${i}]`);
  }
  encoder.writer.closeExtension(mark);
}

/** Reads the body of a `MAP` extension. */
export function readMap(decoder: Decoder, depth: number): Map<unknown, unknown> {
  decoder.descend(depth);
  const map = decoder.remember(new Map<unknown, unknown>());
  let chains: KeyChains | undefined;
  while (decoder.reader.remaining > 0) {
    const start = decoder.reader.offset;
    const key = decoder.value(depth + 1);
    if (map.size >= FEW) decoder.find(key, start, chains ??= new KeyChains(), map.size);
    map.set(key, decoder.value(depth + 1));
  }
  return map;
}

/** Reads the body of a `SET` extension. */
export function readSet(decoder: Decoder, depth: number): Set<unknown> {
  decoder.descend(depth);
  const set = decoder.remember(new Set<unknown>());
  let chains: KeyChains | undefined;
  while (decoder.reader.remaining > 0) {
    const start = decoder.reader.offset;
    const key = decoder.value(depth + 1);
    if (set.size >= FEW) decoder.find(key, start, chains ??= new KeyChains(), set.size);
    set.add(key);
  }
  return set;
}

/** The keys and values in turn, as they are now: a getter further down might change the map. */
function entriesOf(map: Map<unknown, unknown>): unknown[] {
  const entries: unknown[] = [];
  for (const [key, value] of Map.prototype.entries.call(map)) entries.push(key, value);
  return entries;
}

function valuesOf(set: Set<unknown>): unknown[] {
  return Array.from(Set.prototype.values.call(set));
}

function segment(entries: readonly unknown[], i: number): string {
  if (i % 2 === 0) return `.keys()[${i / 2}]`;
  const key = entries[i - 1];
  if (typeof key === "object") return `.values()[${(i - 1) / 2}]`;
  return `.get(${
    typeof key === "string" ? JSON.stringify(key) : `${String(key)}${typeof key === "bigint" ? "n" : ""}`
  })`;
}
