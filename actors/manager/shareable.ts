import { registerError } from "../../channels/kernel/codec/error_classes.ts";
import { checkOptions, type OptionNames } from "../../channels/kernel/options.ts";
import { brief } from "../../channels/kernel/show.ts";
import { actor, type ActorClass } from "../definition.ts";
import type { Ref } from "../ref.ts";
import { spawn } from "../spawn.ts";

/** What `shareable` takes. */
export interface ShareableOptions<T = object> {
  /** The methods that others may call; all public ones when left out. */
  readonly methods?: readonly (keyof T & string)[] | undefined;
}

const SHAREABLE_OPTIONS: OptionNames<ShareableOptions> = { methods: true };

const classes = new Map<object, ShareableOptions>();

/**
 * Makes a class shareable. (Python's `BaseManager.register`.)
 *
 * - **A class of errors** arrives as itself wherever it is registered, and not as a `RemoteError`. What travels are its
 *   name, message, cause and own enumerable fields; the constructor does not run.
 * - **Any other class**: its instances can be given to {@linkcode Manager.share}, for others to call their public methods.
 *
 * @param Class the class
 * @returns the class itself
 * @throws {TypeError} If it is no class, or another class of errors has its name.
 *
 * @example An error that is caught by its class
 * ```ts
 * import { actor, shareable, spawn } from "@troupe/troupe";
 * import { assertRejects } from "@std/assert";
 *
 * class OutOfStock extends Error {
 *   override name = "OutOfStock";
 * }
 * shareable(OutOfStock);
 *
 * class Shop {
 *   buy(): never {
 *     throw new OutOfStock("no apples");
 *   }
 * }
 * actor(import.meta.url, Shop);
 *
 * await using shop = await spawn(Shop, [], { placement: "inline" });
 * await assertRejects(() => shop.call.buy(), OutOfStock);
 * ```
 */
export function shareable<C extends ActorClass>(Class: C, options: ShareableOptions<InstanceType<C>> = {}): C {
  if (typeof Class !== "function" || typeof Class.prototype !== "object") {
    throw new TypeError(`Cannot make something shareable: a class is needed, not ${brief(Class)}`);
  }
  checkOptions(`make ${Class.name} shareable`, options, SHAREABLE_OPTIONS);
  if (Class.prototype instanceof Error) {
    registerError(Class.name, Class as unknown as { name: string; prototype: Error });
  } else classes.set(Class.prototype, options as ShareableOptions);
  return Class;
}

/** What stands for the instances that wait to become actors. */
const waiting = new Map<number, object>();
let last = 0;

/** An actor that is an instance which exists already. */
class SharedInstance {
  constructor(number: number) {
    const instance = waiting.get(number)!;
    waiting.delete(number);
    return instance;
  }
}
actor(import.meta.url, SharedInstance);

/**
 * Lets others call an instance. It stays where it is, and is called by one at a time, as an actor that lives inline.
 *
 * @throws {TypeError} If it is no instance of a shareable class.
 */
export async function serveInstance<T extends object>(name: string, instance: T): Promise<Ref<T>> {
  const options = optionsOf(instance);
  if (options === undefined) {
    throw new TypeError(
      `Cannot share "${name}": an instance of a shareable class is needed; call shareable(Class) for its class`,
    );
  }
  const number = ++last;
  waiting.set(number, options.methods === undefined ? instance : only(instance, options.methods));
  return await spawn(SharedInstance, [number], { placement: "inline", name }) as unknown as Ref<T>;
}

function optionsOf(instance: unknown): ShareableOptions | undefined {
  if (typeof instance !== "object" || instance === null) return undefined;
  for (let at = Object.getPrototypeOf(instance); at !== null; at = Object.getPrototypeOf(at)) {
    const options = classes.get(at);
    if (options !== undefined) return options;
  }
  return undefined;
}

/** The instance with some of its methods alone. */
function only(instance: object, methods: readonly string[]): object {
  const prototype: Record<string, unknown> = {};
  for (const name of methods) {
    prototype[name] = (...args: unknown[]) => Reflect.apply(Reflect.get(instance, name), instance, args);
  }
  return Object.create(prototype);
}
