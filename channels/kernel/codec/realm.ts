import { VIEW_CLASSES } from "./binary.ts";

/** The classes whose instances are data in whichever realm they were made, by name. */
const CLASSES: ReadonlyMap<string, { readonly prototype: object }> = new Map(
  [Object, Array, Map, Set, Date, RegExp, ArrayBuffer, ...VIEW_CLASSES].map((Class) => [Class.name, Class]),
);

/**
 * This realm's prototype for that of another realm, as a context of `node:vm` has; undefined for every other prototype.
 * The text of the constructor tells: no program can write a function whose text is that of a built-in one.
 */
export function prototypeHere(prototype: object): object | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof constructor !== "function" || constructor.prototype !== prototype) return undefined;
  const text = Function.prototype.toString.call(constructor);
  const Class = CLASSES.get(/^function (\w+)\(\) \{ \[native code\] \}$/.exec(text)?.[1] ?? "");
  return Class === constructor ? undefined : Class?.prototype;
}
