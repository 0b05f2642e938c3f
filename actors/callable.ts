import { oneLine } from "../channels/kernel/escape.ts";

const HOOKS: ReadonlySet<string> = new Set(["onStart", "onStop", "onDown", "onError"]);
const known = new WeakMap<object, Map<string, Callable>>();

type Method = (this: object, ...args: unknown[]) => unknown;

/** A method that others may call, and what was seen of it. */
export interface Callable {
  readonly method: Method;
  /** Whether each time so far it gave a value, and never a promise or iterator; undefined before the first time. */
  atOnce: boolean | undefined;
}

/**
 * The method that others may call by this name, if there is one: what a class declares as a public method, and nothing
 * that merely happens to be a function somewhere on the instance.
 */
export function callableMethod(instance: object, name: string): Callable | undefined {
  const prototype = Object.getPrototypeOf(instance) as object | null;
  if (prototype === null) return undefined;
  let methods = known.get(prototype);
  if (methods === undefined) known.set(prototype, methods = new Map());
  let callable = methods.get(name);
  if (callable !== undefined) return callable;
  const method = isCallableName(name) ? findMethod(prototype, name) : undefined;
  // Only what exists is remembered: names come from outside and must not fill the memory.
  if (method === undefined) return undefined;
  methods.set(name, callable = { method, atOnce: undefined });
  return callable;
}

/** Why nothing can be called by this name. */
export function whyNotCallable(instance: object | undefined, name: string): string {
  const property = instance && isCallableName(name) ? findProperty(instance, name) : undefined;
  const is = typeof property?.value === "function" ? "a property that holds a function" : property?.get && "a getter";
  if (!is) return "it has no such public method";
  return `${oneLine(name)} is ${is}, not a method of the class: make it a method`;
}

/** Whether a name may be one of a callable method at all. */
export function isCallableName(name: string): boolean {
  return name !== "constructor" && name !== "then" && !name.startsWith("_") && !HOOKS.has(name);
}

function findMethod(prototype: object, name: string): Method | undefined {
  const value: unknown = findProperty(prototype, name)?.value;
  return typeof value === "function" ? value as Method : undefined;
}

function findProperty(object: object, name: string): PropertyDescriptor | undefined {
  for (let at = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, name);
    if (property !== undefined) return property;
  }
  return undefined;
}
