import { ProtocolError } from "../../channels/errors.ts";

/** A longer bigint is no key: it takes too long to read one from its digits. */
const MOST_DIGITS = 100_000;

/** What can be a key of a dict or an item of a set: what is equal by its content, and lists of that. */
export type Key = string | number | bigint | boolean | null | undefined | readonly Key[];

/**
 * The text by which a key is known at home: two keys have the same one exactly when they are equal. As in a `Map`, NaN
 * equals itself and -0 is 0; lists are equal when their items are.
 *
 * @throws {TypeError} If it cannot be a key.
 * @throws {RangeError} If there is a bigint of more than 100,000 digits in it.
 */
export function textOfKey(action: string, key: unknown): string {
  switch (typeof key) {
    case "string":
      return `s${key}`;
    case "number":
      return `n${key}`;
    case "bigint":
      return textOfBigint(action, key);
    case "boolean":
      return key ? "t" : "f";
    case "undefined":
      return "u";
    case "object":
      if (key === null) return "z";
      if (Array.isArray(key)) return `l${key.map((item) => framed(textOfKey(action, item))).join("")}`;
  }
  throw new TypeError(
    `Cannot ${action}: a key is a string, number, bigint, boolean, null, undefined or a list of these, not ${
      typeof key === "object" ? "an object" : `a ${typeof key}`
    }`,
  );
}

function textOfBigint(action: string, key: bigint): string {
  const text = `${key}`;
  if (isInteger(text)) return `i${text}`;
  throw new RangeError(`Cannot ${action}: a bigint in a key has at most ${MOST_DIGITS} digits`);
}

/** @throws {ProtocolError} If it is the text of no key, or not the one that this key has. */
export function checkKeyText(text: string): void {
  if (text[0] !== "s" && textOfKey("read a key", keyOfText(text)) !== text) malformed();
}

/**
 * The key that has this text.
 *
 * @throws {ProtocolError} If it is the text of none.
 */
export function keyOfText(text: string): Key {
  const rest = text.slice(1);
  switch (text[0]) {
    case "s":
      return rest;
    case "n":
      return Number(rest);
    case "i":
      return isInteger(rest) ? BigInt(rest) : malformed();
    case "t":
      return true;
    case "f":
      return false;
    case "z":
      return null;
    case "u":
      return undefined;
    case "l":
      return Object.freeze(itemsOf(rest));
  }
  return malformed();
}

function isInteger(text: string): boolean {
  const digits = /^-?(\d+)$/.exec(text)?.[1];
  return digits !== undefined && digits.length <= MOST_DIGITS;
}

function malformed(): never {
  throw new ProtocolError("Cannot read a key: it is not what it must be");
}

/** Its length goes ahead of it, so that no content can be taken for a border. */
function framed(text: string): string {
  return `${text.length}:${text}`;
}

function itemsOf(text: string): Key[] {
  const items: Key[] = [];
  for (let at = 0; at < text.length;) {
    const colon = text.indexOf(":", at);
    const length = Number(text.slice(at, colon));
    const end = colon + 1 + length;
    // Of a length below zero one would read the same again and again.
    if (colon <= at || !(length > 0) || !(end <= text.length)) malformed();
    items.push(keyOfText(text.slice(colon + 1, end)));
    at = end;
  }
  return items;
}
