/** What can be a key of a dict or an item of a set: what is equal by its content, and lists of that. */
export type Key = string | number | bigint | boolean | null | undefined | readonly Key[];

/**
 * The text by which a key is known at home: two keys have the same one exactly when they are equal. As in a `Map`, NaN
 * equals itself and -0 is 0; lists are equal when their items are.
 *
 * @throws {TypeError} If it cannot be a key.
 */
export function textOfKey(action: string, key: unknown): string {
  switch (typeof key) {
    case "string":
      return `s${key}`;
    case "number":
      return `n${key}`;
    case "bigint":
      return `i${key}`;
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

/** The key that has this text. */
export function keyOfText(text: string): Key {
  const rest = text.slice(1);
  switch (text[0]) {
    case "s":
      return rest;
    case "n":
      return Number(rest);
    case "i":
      return BigInt(rest);
    case "t":
      return true;
    case "f":
      return false;
    case "z":
      return null;
    case "l":
      return Object.freeze(itemsOf(rest));
  }
  return undefined;
}

/** Its length goes ahead of it, so that no content can be taken for a border. */
function framed(text: string): string {
  return `${text.length}:${text}`;
}

function itemsOf(text: string): Key[] {
  const items: Key[] = [];
  for (let at = 0; at < text.length;) {
    const colon = text.indexOf(":", at);
    const end = colon + 1 + Number(text.slice(at, colon));
    items.push(keyOfText(text.slice(colon + 1, end)));
    at = end;
  }
  return items;
}
