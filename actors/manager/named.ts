import { ActorExitedError, DisconnectedError } from "../../channels/errors.ts";
import type { Target } from "../../channels/kernel/cell.ts";
import { oneLine } from "../../channels/kernel/escape.ts";
import { enroll, handleKind, passagesOf } from "../../channels/kernel/handle.ts";
import { isA } from "../../channels/kernel/look.ts";
import {
  expected,
  isAnything,
  isText,
  listOf,
  type Shape,
  startsWith,
  withFields,
} from "../../channels/kernel/shape.ts";
import { clientOf, remember } from "../../channels/sync/permit_client.ts";
import { selectable, type Source, sourceOf } from "../../channels/source.ts";
import { contactFrom, contactPassage, makeRef } from "../actor_ref.ts";
import type { Contact } from "../contact.ts";
import type { Ref } from "../ref.ts";
import { Voucher } from "../supervision/voucher.ts";
import { endOf } from "./life.ts";
import type { ManagerActor } from "./manager_actor.ts";
import type { ObjectKind } from "./object_kinds.ts";
import { unlessEnded } from "./unless_ended.ts";

/** What a manager has to be asked for. */
export type NamedRequest = readonly [kind: ObjectKind, name: string, args: readonly unknown[]];

type Method = (...args: unknown[]) => unknown;

/**
 * What stands behind a handle to a named object: the handle that the manager's present life gave for that name. When
 * that life is over, the next one is asked. (While a supervisor restarts it, the question waits.)
 */
class Named {
  readonly #contact: Contact;
  readonly #request: NamedRequest;
  /** The present handle, and the voucher if there is one: they travel with this one. */
  readonly #parts: [object] | [object, Voucher];
  #target!: Target;
  #gone = false;
  #asking: Promise<object> | undefined;

  constructor(contact: Contact, request: NamedRequest, parts: [object] | [object, Voucher], face: object) {
    this.#contact = contact;
    this.#request = request;
    this.#parts = parts;
    named.set(face, this);
    enroll(face, () => contactPassage("named", contact, request), parts);
    this.#use(face, parts[0]);
  }

  /** The handle as it is, even if what it is of has ended. */
  get latest(): object {
    return this.#parts[0];
  }

  /** Does something with a handle that is good as far as is known here. */
  async with<R>(face: object, use: (object: object) => R): Promise<Awaited<R>> {
    const present = this.#isGone() ? await (this.#asking ??= this.#ask(face)) : this.latest;
    try {
      return await use(present);
    } catch (error) {
      if (present === this.latest && (isA(error, ActorExitedError) || isA(error, DisconnectedError))) {
        this.#gone = true;
      }
      throw error;
    }
  }

  #isGone(): boolean {
    return this.#gone || endOf(this.#target) !== undefined;
  }

  async #ask(face: object): Promise<object> {
    try {
      const manager = makeRef(this.#contact) as unknown as Ref<ManagerActor>;
      const { call } = manager.with({ timeoutMs: Infinity });
      const [kind, name] = this.#request;
      const asked = call.object(...this.#request, this.#parts[1]);
      const object = await unlessEnded(this.#contact, `find the ${kind} "${oneLine(name)}"`, asked) as object;
      this.#parts[0] = object;
      this.#gone = false;
      this.#use(face, object);
      return object;
    } finally {
      this.#asking = undefined;
    }
  }

  /** Lets conditions and `select`, too, find what they need of a lock or queue. */
  #use(face: object, object: object): void {
    this.#target = passagesOf(object)![0].target;
    const lock = clientOf(object);
    if (lock !== undefined) remember(face, lock);
    if (sourceOf(object) === undefined) return;
    const within = <R>(use: (source: Source) => R) => this.with(face, (object) => use(sourceOf(object)!));
    selectable(face, {
      assertOpen: () => sourceOf(this.latest)!.assertOpen(),
      take: (options) => within((source) => source.take(options)),
      tryTake: () => within((source) => source.tryTake()),
      poll: (signal) => within((source) => source.poll(signal)),
      tryPoll: () => within((source) => source.tryPoll()),
    });
  }
}

const named = new WeakMap<object, Named>();
const prototypes = new Map<object, object>();

/**
 * A handle to the object of this name, in whichever of its lives the manager is.
 *
 * @param first one to the present object
 * @param voucher what lets it be made again, if that takes one
 */
export function namedHandle(contact: Contact, request: NamedRequest, first: object, voucher?: Voucher): object {
  const face = Object.create(prototypeFor(first));
  new Named(contact, request, voucher === undefined ? [first] : [first, voucher], face);
  return face;
}

/** The class of the handle, with each method done by the handle behind it. */
function prototypeFor(object: object): object {
  const base = Object.getPrototypeOf(object) as object;
  let prototype = prototypes.get(base);
  if (prototype !== undefined) return prototype;
  prototype = Object.create(base) as object;
  for (const key of Object.keys(object)) forwardProperty(prototype, key);
  for (let at = base; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) {
      if (key === "constructor" || Object.hasOwn(prototype, key)) continue;
      if (typeof Object.getOwnPropertyDescriptor(at, key)!.value === "function") forwardMethod(prototype, key);
      else forwardProperty(prototype, key);
    }
  }
  prototypes.set(base, prototype);
  return prototype;
}

function forwardProperty(prototype: object, key: string | symbol): void {
  Object.defineProperty(prototype, key, {
    get(this: object): unknown {
      return Reflect.get(named.get(this)!.latest, key);
    },
  });
}

function forwardMethod(prototype: object, key: string | symbol): void {
  Object.defineProperty(prototype, key, { value: forwarder(key) });
}

function forwarder(key: string | symbol): Method {
  const call = (object: object, args: unknown[]) => (Reflect.get(object, key) as Method).apply(object, args);
  // What is done at once is done with the handle that there is.
  if (typeof key === "symbol" ? key !== Symbol.asyncIterator : key.endsWith("Sync")) {
    return function (this: object, ...args) {
      return call(named.get(this)!.latest, args);
    };
  }
  if (key === Symbol.asyncIterator || key === "changes") {
    return function (this: object, ...args) {
      // Begun now, so that nothing is missed.
      const iterator = named.get(this)!.with(this, (object) => [call(object, args) as AsyncIterable<unknown>]);
      iterator.catch(() => {});
      return iterate(iterator);
    };
  }
  return function (this: object, ...args) {
    return named.get(this)!.with(this, (object) => call(object, args));
  };
}

async function* iterate(begun: Promise<AsyncIterable<unknown>[]>): AsyncGenerator<unknown> {
  const [items] = await begun;
  yield* items;
}

handleKind("named", {
  leased: false,
  revive(passage, _imported, _holder, [object, voucher]) {
    const shape = startsWith<[ObjectKind, string, unknown[]]>(isText as Shape<ObjectKind>, isText, listOf(isAnything));
    const [, , request] = expected(
      "a handle to a named object",
      passage.meta,
      startsWith(isAnything, isAnything, shape),
    );
    expected("a handle to a named object", object, withFields({}));
    return namedHandle(contactFrom(passage), request, object, voucher instanceof Voucher ? voucher : undefined);
  },
});
