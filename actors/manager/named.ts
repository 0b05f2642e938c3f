import { ActorExitedError, DisconnectedError, ProtocolError } from "../../channels/errors.ts";
import { whoActs } from "../../channels/kernel/acting.ts";
import { ask } from "../../channels/kernel/ask.ts";
import type { Target } from "../../channels/kernel/cell.ts";
import { oneLine } from "../../channels/kernel/escape.ts";
import { enroll, handleKind, type Import, type Passage, passagesOf, Transit } from "../../channels/kernel/handle.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import { isA } from "../../channels/kernel/look.ts";
import { expected, isText, startsWith } from "../../channels/kernel/shape.ts";
import { clientOf, remember } from "../../channels/sync/permit_client.ts";
import { selectable, type Source, sourceOf } from "../../channels/source.ts";
import { actorExited } from "../exited.ts";
import { endOf } from "./life.ts";
import { type NamedRight, PRESENT } from "./named_cell.ts";
import { addressText } from "./shared_client.ts";

type Method = (...args: unknown[]) => unknown;

/** How to read what the handle is of. */
type NamedMeta = [manager: string, kind: string, name: string];

/**
 * What stands behind a handle to a named object: the handle that the manager's present life gave for that name. When
 * that life is over, the next one is asked. (While a supervisor restarts it, the question waits.)
 */
class Named {
  readonly #right: Target;
  readonly #imported: Import | undefined;
  readonly #meta: NamedMeta;
  /** The present handle, which travels with this one. */
  readonly #parts: [object];
  #target!: Target;
  #gone = false;
  /** By the asker: a question ends with the actor that has asked it, and nobody else may wait for its answer. */
  readonly #asking = new WeakMap<Holder, Promise<object>>();

  constructor(face: object, { kind, target }: Passage, meta: NamedMeta, object: object, imported: Import | undefined) {
    this.#right = target;
    this.#imported = imported;
    this.#meta = meta;
    this.#parts = [object];
    named.set(face, this);
    enroll(face, () => ({ kind, target, meta }), this.#parts);
    this.#use(face, object);
  }

  /** The handle as it is, even if what it is of has ended. */
  get latest(): object {
    return this.#parts[0];
  }

  /** Does something with a handle that is good as far as is known here. */
  async with<R>(face: object, use: (object: object) => R): Promise<Awaited<R>> {
    const present = this.#isGone() ? await this.#next(face) : this.latest;
    try {
      return await use(present);
    } catch (error) {
      if (present === this.latest && (isA(error, ActorExitedError) || isA(error, DisconnectedError))) {
        this.#gone = true;
      }
      throw error;
    }
  }

  /** Gives back the right to the next handle. */
  release(): void {
    this.#imported?.release();
  }

  #isGone(): boolean {
    return this.#gone || endOf(this.#target) !== undefined;
  }

  /** The handle of the manager's next life, for which an actor asks once. */
  #next(face: object): Promise<object> {
    const holder = whoActs.holder();
    let asked = this.#asking.get(holder);
    if (asked === undefined) this.#asking.set(holder, asked = this.#ask(face, holder));
    return asked;
  }

  async #ask(face: object, holder: Holder): Promise<object> {
    try {
      const [manager, kind, name] = this.#meta.map(oneLine);
      const action = `find the ${kind} "${name}"`;
      const lost = (exit = endOf(this.#right)) => actorExited(action, manager, addressText(this.#right), exit);
      const object = await ask(this.#right, { holder, verb: PRESENT, lost });
      if (!isObject(object) || kindOf(object) !== kindOf(this.latest)) {
        throw new ProtocolError(`Cannot ${action}: something else came`);
      }
      this.#parts[0] = object;
      this.#gone = false;
      this.#use(face, object);
      return object;
    } finally {
      this.#asking.delete(holder);
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

/** The handle of a named object, and its lease. */
const NAMED = "named";

/** The kinds of handles to what a manager gives names to. Any other in place of one would pass for what it is not. */
const NAMABLE: ReadonlySet<string> = new Set([
  "shared-dict",
  "shared-list",
  "shared-set",
  "shared-namespace",
  "shared-value",
  "shared-array",
  "shared-struct",
  "queue",
  "joinable-queue",
  "lock",
  "rlock",
  "semaphore",
  "bounded-semaphore",
  "condition",
  "event-flag",
  "barrier",
  "pool",
]);

const named = new WeakMap<object, Named>();
const prototypes = new Map<object, object>();

/** What a manager gives for a name: the present object, and the right to those of its next lives. */
export function namedTransit(manager: string, kind: string, name: string, right: NamedRight, object: object): Transit {
  return new Transit({ kind: NAMED, target: right.target, meta: [manager, kind, name] satisfies NamedMeta }, [object]);
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
  if (key === Symbol.dispose) {
    return function (this: object, ...args) {
      named.get(this)!.release();
      return call(named.get(this)!.latest, args);
    };
  }
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

const isMeta = startsWith<NamedMeta>(isText, isText, isText);

/** Of what kind the handle is; undefined if a manager makes no such objects, or it is no handle. */
function kindOf(value: unknown): string | undefined {
  const kind = typeof value === "object" && value !== null ? passagesOf(value)?.[0].kind : undefined;
  return kind !== undefined && NAMABLE.has(kind) ? kind : undefined;
}

const isObject = (value: unknown): value is object => kindOf(value) !== undefined;

handleKind(NAMED, {
  leased: true,
  revive(passage, imported, _holder, [object]) {
    const meta = expected("a handle to a named object", passage.meta, isMeta);
    expected("a handle to a named object", object, isObject);
    const face = Object.create(prototypeFor(object));
    new Named(face, passage, meta, object, imported);
    return face;
  },
});
