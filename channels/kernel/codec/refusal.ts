import { NotSerializableError } from "../../errors.ts";

/**
 * Thrown inside the encoder at a value that cannot travel. The frames it passes on its way out add where they were, so
 * that a path costs nothing until it is wanted, and getters are not run twice to find it.
 */
export class Refusal {
  /** Segments of the path, innermost first. */
  readonly path: string[] = [];

  constructor(readonly kind: string, readonly problem?: string) {}

  /** The error for a user, whose name for the whole value is `root`. */
  error(root: string): NotSerializableError {
    const path = root + this.path.toReversed().join("");
    const { kind, problem = `${withArticle(kind)} cannot travel${hint(kind, root)}` } = this;
    return new NotSerializableError(`Cannot send ${shorten(path)}: ${problem}`, { path, kind });
  }
}

/** Adds where `thrown` passed, if it is a refusal. Returns it for throwing on. */
export function passing(thrown: unknown, segment: string): unknown {
  if (thrown instanceof Refusal) thrown.path.push(segment);
  return thrown;
}

/** The segment of a path for a property. */
export function property(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Refuses an object for what it is. */
export function refuse(object: object): never {
  throw new Refusal(kindOf(object));
}

/** What `read` finds in an object's internals; what has only the prototype, such as a `Proxy`, has none and is refused. */
export function instance<T, R>(name: string, object: T, read: (object: T) => R): R {
  try {
    return read(object);
  } catch {
    throw new Refusal(`Proxy of ${name}`);
  }
}

const BOXED: ReadonlySet<unknown> = new Set([Number, String, Boolean, Symbol, BigInt]);

const CUSTOM = "object with a prototype of its own";

function kindOf(object: object): string {
  try {
    const tag = Object.prototype.toString.call(object).slice(8, -1);
    const constructor: unknown = Object.getPrototypeOf(object)?.constructor;
    if (typeof constructor !== "function" || constructor === Object) {
      return tag !== "Object" ? tag : Symbol.asyncIterator in object ? "async iterable" : CUSTOM;
    }
    if (BOXED.has(constructor)) return `boxed ${constructor.name}`;
    // The platform's classes are tagged with their name, such as "Temporal.Instant"; those of programs seldom are.
    return constructor.name !== "" && tag.endsWith(constructor.name)
      ? tag
      : `class ${constructor.name || "(anonymous)"}`;
  } catch {
    return CUSTOM;
  }
}

/** What something of a kind is called. */
export function withArticle(kind: string): string {
  if (kind.startsWith("class ")) return `an instance of ${kind}`;
  return /^(?:[AEIOaeio]|[Uu](?![Rr]))/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

function hint(kind: string, root: string): string {
  if (kind.startsWith("class ")) return "; give plain data or a handle";
  if (kind.startsWith("boxed ")) return "; give the primitive";
  const text = MOVABLE.has(kind) ? MOVES.get(root) ?? "a call moves it" : HINTS.get(kind);
  return text === undefined ? "" : `; ${text}`;
}

const MOVABLE: ReadonlySet<string> = new Set(["ReadableStream", "WritableStream", "TransformStream", "MessagePort"]);

/** How to move what can be moved, by what the whole value is called. */
const MOVES: ReadonlyMap<string, string> = new Map([
  ["args", "name it in transfer"],
  ["message", "name it in transfer"],
  ["result", "give the result to current().transfer()"],
  ["stream", "give the item to current().transfer()"],
]);

const HINTS: ReadonlyMap<string, string> = new Map([
  ["Promise", "await it first"],
  ["SharedArrayBuffer", "share memory by SharedMemory, SharedArray or SharedValue"],
  ["Request", "give its parts"],
  ["Response", "give its parts"],
  ["Headers", "give its entries"],
  ["FormData", "give its entries"],
  ["Blob", "give what its bytes() resolves to"],
  ["File", "give what its bytes() resolves to"],
  ["ImageData", "give its data, width and height"],
  ["CryptoKey", "give what crypto.subtle.exportKey() resolves to"],
  ["Arguments", "give an array of them"],
]);

// A list nested a thousand deep has a path of thousands of characters.
function shorten(path: string): string {
  return path.length <= 160 ? path : `${path.slice(0, 100)}…${path.slice(-50)}`;
}
