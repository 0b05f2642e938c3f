/**
 * State of which an isolate may have only one, even when two copies of the library are loaded in it: a program that
 * gets it from JSR may start a child whose module names another version, and both must see the same actors.
 *
 * @module
 */

const KEY = Symbol.for("troupe@1");
const shared = ((globalThis as Record<symbol, unknown>)[KEY] ??= new Map<string, unknown>()) as Map<string, unknown>;

/** What `make` returned the first time any copy of the library asked this isolate for `name`. */
export function singleton<T>(name: string, make: () => T): T {
  if (!shared.has(name)) shared.set(name, make());
  return shared.get(name) as T;
}
