import { outside } from "../channels/kernel/acting.ts";
import { brief } from "../channels/kernel/show.ts";
import { singleton } from "../channels/kernel/singleton.ts";

/** A class whose instances can be actors. */
export type ActorClass = new (...args: never[]) => object;

/** A function that can be run as a process. */
export type TaskFunction = (...args: never[]) => unknown;

/** What can be started: a registered class or function. */
export type Definition = ActorClass | TaskFunction;

/** Where a definition is found again: children import the module and ask it for the name. */
export interface RegisteredName {
  readonly kind: "actor" | "task";
  readonly moduleUrl: string;
  readonly name: string;
}

const LIBRARY = new URL("./", import.meta.url).href;

/** Whether a definition is one of the library's own: a supervisor, a manager, a worker of a pool. */
export function isOfLibrary(moduleUrl: string): boolean {
  return moduleUrl.startsWith(LIBRARY);
}

/** A definition that this isolate has. */
export interface Registration extends RegisteredName {
  readonly definition: Definition;
}

interface Registry {
  readonly byName: Map<string, Registration>;
  readonly byDefinition: Map<Definition, Registration>;
  /** How the modules of those are imported that this isolate may not have yet. */
  readonly late: Map<string, () => Promise<unknown>>;
}

const registry: Registry = singleton(
  "definitions",
  () => ({ byName: new Map(), byDefinition: new Map(), late: new Map() }),
);

/**
 * Registers a class, so that its instances can be started as actors, in this isolate or any other.
 *
 * - **Identity**: the definition is known by the module's URL and the class's name; children import that module, with
 *   `import.meta.main` false.
 * - **Guard**: what the module starts belongs under `if (import.meta.main)`. A module that starts something while a child
 *   imports it gets a {@linkcode StartError} that says so. Inline placement imports nothing.
 * - **Methods**: public methods that the class or a superclass declares can be called, be they sync, async or (async)
 *   generators; not the constructor, the hooks of {@linkcode ActorHooks}, names that start with `_`, symbols, `#private`
 *   ones, and `then`. A property that holds a function (`f = () => …`), or a getter that gives one, has the type of a method
 *   and is none: its call is a `TypeError` that says to make it a method.
 *
 * With the class left out it returns a decorator.
 *
 * @param moduleUrl the `import.meta.url` of the module that declares the class
 * @param definition the class
 * @returns the class itself
 * @throws {TypeError} If the class has no name, or the module has registered another one of that name.
 *
 * @example Define an actor and call it
 * ```ts
 * import { actor, spawn } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * class Counter {
 *   #n = 0;
 *   add(by: number): number {
 *     return this.#n += by;
 *   }
 * }
 * actor(import.meta.url, Counter);
 *
 * await using counter = await spawn(Counter, [], { placement: "inline" });
 * assertEquals(await counter.call.add(2), 2);
 * ```
 */
export function actor<C extends ActorClass>(moduleUrl: string, definition: C): C;
/** The same as a decorator: `@actor(import.meta.url) class Counter {…}`. Throws as the other form. */
export function actor(moduleUrl: string): <C extends ActorClass>(definition: C) => C;
export function actor<C extends ActorClass>(moduleUrl: string, definition?: C): C | ((definition: C) => C) {
  // A forgotten class must not pass for the decorator form.
  if (arguments.length < 2) return (decorated: C) => register("actor", moduleUrl, decorated);
  return register("actor", moduleUrl, definition as C);
}

/**
 * Registers a function, so that it can be run as a process, in this isolate or any other.
 *
 * - **Identity** and **guard**: as for {@linkcode actor}; it is known by the module's URL and the function's name.
 * - **Arguments** and result are copied, or are handles. Nothing else of where it was declared comes along: in a child
 *   the module is imported anew.
 *
 * @param moduleUrl the `import.meta.url` of the module that declares the function
 * @param definition the function; its arguments and result must be values that can travel
 * @returns the function itself
 * @throws {TypeError} If the function has no name, or the module has registered another one of that name.
 *
 * @example Run a function as a process
 * ```ts
 * import { Process, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * function double(n: number): number {
 *   return n * 2;
 * }
 * task(import.meta.url, double);
 *
 * const p = new Process(double, [21], { placement: "inline" });
 * await p.start();
 * assertEquals(await p.result, 42);
 * ```
 */
export function task<F extends TaskFunction>(moduleUrl: string, definition: F): F {
  return register("task", moduleUrl, definition);
}

function register<D extends Definition>(kind: "actor" | "task", moduleUrl: string, definition: D): D {
  const action = `Cannot register ${kind === "actor" ? "an actor" : "a task"}`;
  if (typeof moduleUrl !== "string" || !URL.canParse(moduleUrl)) {
    throw new TypeError(`${action}: the module URL must be import.meta.url, not ${brief(moduleUrl)}`);
  }
  if (typeof definition !== "function") {
    throw new TypeError(
      `${action}: a ${kind === "actor" ? "class" : "function"} is needed, not ${
        definition === null ? "null" : typeof definition
      }`,
    );
  }
  if ((kind === "actor") !== isClass(definition)) {
    throw new TypeError(
      `${action}: ${definition.name || "it"} is a ${
        isClass(definition) ? "class, use actor()" : "function, use task()"
      }`,
    );
  }
  const { name } = definition;
  if (!name) throw new TypeError(`${action}: it has no name, by which a child could find it in ${moduleUrl}`);
  const key = keyOf(moduleUrl, name);
  const known = registry.byName.get(key);
  if (known !== undefined && known.definition !== definition) {
    throw new TypeError(`${action}: ${moduleUrl} has registered another definition named ${name}`);
  }
  const registration: Registration = { kind, moduleUrl, name, definition };
  registry.byName.set(key, registration);
  registry.byDefinition.set(definition, registration);
  return definition;
}

/**
 * Where a class or function was registered.
 *
 * @throws {TypeError} If it was not.
 */
export function registrationOf(action: string, definition: unknown): Registration {
  if (typeof definition !== "function") {
    throw new TypeError(
      `Cannot ${action}: a registered class or function is needed, not ${
        definition === null ? "null" : typeof definition
      }`,
    );
  }
  const registration = registry.byDefinition.get(definition as Definition);
  if (registration !== undefined) return registration;
  const { name } = definition;
  const how = isClass(definition as Definition) ? "actor" : "task";
  if (name === "") {
    const what = how === "actor" ? "class" : "function";
    throw new TypeError(
      `Cannot ${action}: the ${what} is not registered and has no name, by which others could find it; ` +
        `declare it with a name in a module, and call ${how}(import.meta.url, name) there`,
    );
  }
  throw new TypeError(
    `Cannot ${action}: ${name} is not registered; call ${how}(import.meta.url, ${name}) in the module that declares it`,
  );
}

/**
 * Says where a definition of the library's own is, whose module is loaded by whoever starts it.
 *
 * @param load imports the module, with a literal specifier: so it takes no permission
 */
export function definedLater(moduleUrl: string, name: string, load: () => Promise<unknown>): RegisteredName {
  registry.late.set(keyOf(moduleUrl, name), load);
  return { kind: "actor", moduleUrl, name };
}

/** Has this isolate have a definition that a module registers. */
export async function loadDefinition(moduleUrl: string, name: string): Promise<void> {
  const load = registry.late.get(keyOf(moduleUrl, name)) ?? (() => import(moduleUrl));
  if (findRegistration(moduleUrl, name) === undefined) await outside(load);
}

/** The definition of this name that a module has registered, once it has been imported. */
export function findRegistration(moduleUrl: string, name: string): Registration | undefined {
  return registry.byName.get(keyOf(moduleUrl, name));
}

/** Whether the definition itself is known, and not its name alone. */
export function isRegistration(named: RegisteredName): named is Registration {
  return "definition" in named;
}

function keyOf(moduleUrl: string, name: string): string {
  return `${moduleUrl} ${name}`;
}

function isClass(definition: Definition): boolean {
  return /^class\b/.test(Function.prototype.toString.call(definition));
}
