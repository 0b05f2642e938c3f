/**
 * Shows people what others made: in log lines, in the texts of errors, to `console.log`.
 *
 * - **Bounded** in depth, width and length, so that a small value of a million references takes no longer than others.
 *   (`Deno.inspect` bounds depth and width, and shows what is shared as often as it is met.)
 * - **Harmless**: control characters are escaped.
 * - **Untouched**: none of the value's own code runs. A getter is named and not called, a `Proxy` is only said to be one.
 *
 * @module
 */

import { isBoxedPrimitive, isDate, isMap, isProxy, isRegExp, isSet } from "node:util/types";
import { cut, INDENT, oneLine, onLines, quoted } from "./escape.ts";

/** How much is shown of a value. */
interface Bounds {
  /** Levels of objects within objects. */
  readonly depth: number;
  /** Items or fields of one object. */
  readonly width: number;
  /** Characters of one string. */
  readonly text: number;
  /** Characters in all. */
  readonly length: number;
  /** Characters of an object that takes no line for each field. */
  readonly line: number;
}

const WHOLE: Bounds = { depth: 5, width: 50, text: 2000, length: 8000, line: 76 };
const BRIEF: Bounds = { depth: 3, width: 8, text: 100, length: 200, line: Infinity };

const MOST_FRAMES = 20;
/** A longer one takes too long to turn into digits. */
const LONGEST_BIGINT = 2n ** 1024n;
/** Fields that errors have although they are not enumerable. */
const HIDDEN: readonly string[] = ["cause", "errors", "error", "suppressed"];
/** Fields of errors that are shown before all others. */
const FIRST: readonly string[] = ["name", "message", "stack"];

/** The describers of handles, by the prototype of their class. */
export const handles: WeakMap<object, (handle: object) => string> = new WeakMap();

/** Shows a value on as many lines as it takes; of an error its stack, cause and fields. */
export function show(value: unknown): string {
  return new Shower(WHOLE).show(value);
}

/** Shows a value on one line; of an error its name, and the first line of its message. */
export function brief(value: unknown): string {
  return new Shower(BRIEF).show(value);
}

/** Why something failed, for the message of another error: the message of an error, and whatever else was thrown. */
export function reasonOf(thrown: unknown): string {
  const reason = Error.isError(thrown) ? textOf(thrown, "message") : thrown;
  return typeof reason === "string" ? onLines(reason) : brief(reason);
}

/** Shows one value. */
class Shower {
  readonly #bounds: Bounds;
  /** How many characters there may still be. */
  #left: number;
  /** The objects that it is in the middle of. */
  readonly #within = new Set<object>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#left = bounds.length;
  }

  show(value: unknown): string {
    try {
      return cut(this.#value(value), this.#bounds.length);
    } catch {
      return "[what cannot be shown]";
    }
  }

  #value(value: unknown): string {
    if (this.#left <= 0) return "…";
    const isObject = typeof value === "object" && value !== null;
    const text = isObject ? this.#object(value) : leafText(value, Math.min(this.#left, this.#bounds.text));
    // What an object consists of has been counted already.
    this.#left -= isObject ? 2 : text.length;
    return text;
  }

  #object(object: object): string {
    if (isProxy(object)) return "[Proxy]";
    if (this.#within.has(object)) return "[Circular]";
    const text = handleText(object) ?? plainText(object);
    if (text !== undefined) return text;
    if (this.#within.size >= this.#bounds.depth) return `[${classOf(object)}]`;
    this.#within.add(object);
    const shown = Error.isError(object) ? this.#error(object) : this.#container(object);
    this.#within.delete(object);
    return shown;
  }

  #container(object: object): string {
    if (Array.isArray(object)) return this.#list("[", this.#items(object), "]", object.length);
    const name = classOf(object);
    if (isMap(object)) return this.#collection(name, this.#entries(object), sizeOfMap.call(object));
    if (isSet(object)) return this.#collection(name, this.#members(object), sizeOfSet.call(object));
    const keys = Object.keys(object);
    return this.#list(name === "Object" ? "{" : `${name} {`, this.#fields(object, keys), "}", keys.length);
  }

  #collection(name: string, parts: Iterable<string>, size: number): string {
    return this.#list(`${name}(${size}) {`, parts, "}", size);
  }

  #error(error: Error): string {
    const name = oneLine(textOf(error, "name") || "Error");
    const message = textOf(error, "message");
    if (this.#bounds === BRIEF) return message === "" ? name : `${name}: ${oneLine(message.split("\n", 1)[0])}`;
    const head = [message === "" ? name : `${name}: ${onLines(message)}`, ...framesOf(error)].join("\n");
    this.#left -= head.length;
    const hidden = HIDDEN.filter((key) => Object.hasOwn(error, key));
    const keys = [...Object.keys(error).filter((key) => !FIRST.includes(key) && !hidden.includes(key)), ...hidden];
    return keys.length === 0 ? head : this.#list(`${head} {`, this.#fields(error, keys), "}", keys.length);
  }

  *#items(array: readonly unknown[]): Generator<string> {
    for (let i = 0; i < array.length; i++) yield Object.hasOwn(array, i) ? this.#field(array, i) : "<empty>";
  }

  *#entries(map: ReadonlyMap<unknown, unknown>): Generator<string> {
    for (const [key, value] of Map.prototype.entries.call(map)) yield `${this.#value(key)} => ${this.#value(value)}`;
  }

  *#members(set: ReadonlySet<unknown>): Generator<string> {
    for (const value of Set.prototype.values.call(set)) yield this.#value(value);
  }

  *#fields(object: object, keys: readonly string[]): Generator<string> {
    for (const key of keys) {
      const name = /^[A-Za-z_$][\w$]{0,99}$/.test(key) ? key : quoted(cut(key, this.#bounds.text));
      this.#left -= name.length;
      yield `${HIDDEN.includes(key) && Error.isError(object) ? `[${name}]` : name}: ${this.#field(object, key)}`;
    }
  }

  #field(object: object, key: PropertyKey): string {
    const { get, set, value } = Object.getOwnPropertyDescriptor(object, key)!;
    return get === undefined && set === undefined ? this.#value(value) : "[Getter]";
  }

  /** Something of several parts, as many of which are shown as there is room for. */
  #list(open: string, parts: Iterable<string>, close: string, count: number): string {
    const shown: string[] = [];
    if (count > 0) {
      for (const part of parts) {
        shown.push(part);
        if (shown.length >= this.#bounds.width || this.#left <= 0) break;
      }
    }
    if (count > shown.length) shown.push(`… ${count - shown.length} more`);
    if (shown.length === 0) return open + close;
    const line = `${open} ${shown.join(", ")} ${close}`;
    if (line.length <= this.#bounds.line && !line.includes("\n")) return line;
    return `${open}\n${shown.map((part) => `  ${part.replaceAll("\n", "\n  ")}`).join(",\n")}\n${close}`;
  }
}

function leafText(value: unknown, most: number): string {
  switch (typeof value) {
    case "string":
      return quoted(cut(value, most));
    case "bigint":
      return value > LONGEST_BIGINT || value < -LONGEST_BIGINT ? "[a long bigint]" : `${value}n`;
    case "symbol":
      return oneLine(String(value));
    case "function":
      return functionText(value);
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}

function functionText(value: object): string {
  if (isProxy(value)) return "[Proxy]";
  const kind = Function.prototype.toString.call(value).startsWith("class") ? "class" : "Function";
  const name = oneLine(textOf(value, "name"));
  return name === "" ? `[${kind} (anonymous)]` : `[${kind}${kind === "class" ? "" : ":"} ${name}]`;
}

/** A handle, in the words of its class. */
function handleText(object: object): string | undefined {
  for (const at of prototypesOf(object)) {
    const describe = handles.get(at);
    if (describe !== undefined) return oneLine(describe(object));
  }
  return undefined;
}

/** An object that has no parts. */
function plainText(object: object): string | undefined {
  if (isDate(object)) {
    const timeMs = Date.prototype.getTime.call(object);
    return Number.isNaN(timeMs) ? "Invalid Date" : new Date(timeMs).toISOString();
  }
  if (isRegExp(object)) return `/${oneLine(Reflect.get(RegExp.prototype, "source", object))}/`;
  // What they contain looks like fields of their own.
  if (isBoxedPrimitive(object) || ArrayBuffer.isView(object)) return `[${classOf(object)}]`;
  return undefined;
}

/** The name of an object's class, as far as that can be read without running code. */
function classOf(object: object): string {
  if (Array.isArray(object)) return "Array";
  for (const at of prototypesOf(object)) {
    const constructor: unknown = Object.getOwnPropertyDescriptor(at, "constructor")?.value;
    if (typeof constructor === "function") return oneLine(textOf(constructor, "name")) || "(anonymous)";
  }
  return "[Object: null prototype]";
}

function* prototypesOf(object: object): Generator<object> {
  let at = Object.getPrototypeOf(object);
  for (; at !== null && !isProxy(at); at = Object.getPrototypeOf(at)) yield at;
}

/** A property that an object has, or inherits, as far as that can be seen. */
function propertyOf(object: object, key: "name" | "message"): PropertyDescriptor | undefined {
  if (isProxy(object)) return undefined;
  for (const at of [object, ...prototypesOf(object)]) {
    const property = Object.getOwnPropertyDescriptor(at, key);
    if (property === undefined) continue;
    return at === DOMException.prototype ? { value: ofDomException(object, property) } : property;
  }
  return undefined;
}

/** What a DOMException keeps past all properties; undefined of an object that only inherits from its class. */
function ofDomException(object: object, { get }: PropertyDescriptor): unknown {
  try {
    return get!.call(object);
  } catch {
    return undefined;
  }
}

/** A text that an object has, or inherits; empty if it is no text, or would have to be asked for. */
function textOf(object: object, key: "name" | "message"): string {
  const value: unknown = propertyOf(object, key)?.value;
  return typeof value === "string" ? value : "";
}

const getterOf = (object: object, key: string) => Object.getOwnPropertyDescriptor(object, key)!.get as () => never;
const stackGetter = getterOf(new Error(), "stack");
const sizeOfMap = getterOf(Map.prototype, "size");
const sizeOfSet = getterOf(Set.prototype, "size");

function isText(error: Error, key: "name" | "message"): boolean {
  return typeof propertyOf(error, key)?.value === "string";
}

/** The lines of a stack that say where. */
function framesOf(error: Error): string[] {
  const { get, value } = Object.getOwnPropertyDescriptor(error, "stack") ?? {};
  // The runtime makes the stack when it is first asked for, out of the name and the message, whatever these are.
  const isHarmless = get === stackGetter && isText(error, "name") && isText(error, "message");
  const stack: unknown = isHarmless ? error.stack : value;
  const at = typeof stack === "string" ? stack.indexOf("\n    at ") : -1;
  if (at < 0) return [];
  const lines = (stack as string).slice(at + 1, at + WHOLE.length).split("\n", MOST_FRAMES);
  return lines.map((line) => INDENT + oneLine(line.trim()));
}
