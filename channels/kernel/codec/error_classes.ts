import * as ours from "../../errors.ts";

/** A class of errors that can be rebuilt, without running its constructor, from its prototype. */
export interface ErrorClass {
  readonly name: string;
  readonly prototype: Error;
}

const classes = new Map<string, ErrorClass>();
const names = new Map<object, string>();

/**
 * Makes a class of errors arrive as itself. What travels is the name, so both sides must register it; an instance is
 * rebuilt as a plain `Error` that is given the class's prototype and its own enumerable fields. The constructor does not
 * run, so private members are not there.
 *
 * @throws {TypeError} If the name, or the class, is registered with another class or name.
 */
export function registerError(name: string, Class: ErrorClass): void {
  const taken = classes.get(name) ?? Class;
  const before = names.get(Class.prototype) ?? name;
  if (taken !== Class) throw new TypeError(`Cannot register an error class: the name ${name} is taken by another`);
  if (before !== name) throw new TypeError(`Cannot register ${Class.name}: it is registered as ${before}`);
  classes.set(name, Class);
  names.set(Class.prototype, name);
}

/** The class that was registered under a name. */
export function errorClass(name: string): ErrorClass | undefined {
  return classes.get(name);
}

/** The name under which the class with this prototype was registered. */
export function registeredName(prototype: object | null): string | undefined {
  return prototype === null ? undefined : names.get(prototype);
}

const builtIn: readonly ErrorClass[] = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
  SuppressedError,
  DOMException,
  // Deno has it, whatever `lib` a program is checked with that has a clone of this.
  (globalThis as unknown as { readonly QuotaExceededError: ErrorClass }).QuotaExceededError,
];
for (const Class of builtIn) registerError(Class.name, Class);
for (const [name, Class] of Object.entries(Deno.errors)) registerError(`Deno.errors.${name}`, Class);
for (const [name, Class] of Object.entries(ours)) registerError(`troupe/${name}`, Class);
