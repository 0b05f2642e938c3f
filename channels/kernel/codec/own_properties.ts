import { passing, property, Refusal, withArticle } from "./refusal.ts";

/** Up to this many items listing an array's keys is faster than listing its values, which makes no strings. */
const FEW_ITEMS = 12;

/** Whether somebody gave to all objects what `for` … `in` lists with their own properties. */
export function inheritsNames(): boolean {
  for (const _ in Object.prototype) return true;
  return false;
}

/** Refuses an object for the first of its properties that have a symbol for a key. */
export function refuseSymbol(object: object): never {
  throw passing(new Refusal("symbol key"), `[${String(Object.getOwnPropertySymbols(object)[0])}]`);
}

/** Refuses an object for the first of its properties that is not enumerable, if there is one. */
export function refuseHidden(object: object): void {
  const keys = new Set(Object.keys(object));
  const hidden = Object.getOwnPropertyNames(object).find((name) => !keys.has(name) && name !== "length");
  if (hidden === undefined) return;
  throw passing(new Refusal("hidden property", "a property that is not enumerable cannot travel"), property(hidden));
}

/**
 * Whether an array, of whose indexes so many are not holes, has properties beside its items, as the match of a regular
 * expression has. Every way to find that out looks at all items; the fastest one depends on how many there are.
 */
export function hasNames(array: readonly unknown[], items: number): boolean {
  if (isTemplate(array as { readonly raw?: unknown })) return true;
  const isFast = items <= FEW_ITEMS || (typeof array[0] === "number" && !Number.isInteger(array[0]));
  return (isFast ? Object.keys(array) : Object.values(array)).length > items;
}

/** The names of those properties. */
export function namesOf(array: readonly unknown[]): string[] {
  const names = Object.keys(array).filter((key) => !isIndex(key));
  if (isTemplate(array as { readonly raw?: unknown }) && !names.includes("raw")) refuseHidden(array);
  return names;
}

/** Whether it may be the strings of a template, of which those properties are not enumerable. */
function isTemplate(array: { readonly raw?: unknown }): boolean {
  return array.raw !== undefined;
}

/** Whether the key of an array's property is that of an item, or of its length. */
export function isIndex(key: string): boolean {
  const number = Number(key) >>> 0;
  return (String(number) === key && number !== 0xffffffff) || key === "length";
}

/** Refuses what has properties beside what its class gives it: of no use to its class, and lost on the way. */
export function refuseNames(object: object, name: string): void {
  const keys = Object.keys(object);
  if (keys.length > 0) throw passing(new Refusal(`property of ${withArticle(name)}`), property(keys[0]));
}
