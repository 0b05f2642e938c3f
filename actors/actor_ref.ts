import { sizeOf } from "../channels/kernel/snapshot.ts";
import { checkCount } from "../channels/argument.ts";
import type { Exit } from "../channels/exit.ts";
import { TimeoutError } from "../channels/errors.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import { BOUNDARIES } from "../channels/kernel/address.ts";
import { ask, discard, tell } from "../channels/kernel/ask.ts";
import { type Cell, isCell } from "../channels/kernel/cell.ts";
import { oneLine } from "../channels/kernel/escape.ts";
import { enrollAll, handleKind, type Passage } from "../channels/kernel/handle.ts";
import { inspectAs } from "../channels/kernel/inspect.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import { isA } from "../channels/kernel/look.ts";
import { checkOptions } from "../channels/kernel/options.ts";
import { destinationOf, pack } from "../channels/kernel/pack.ts";
import { packetWith } from "../channels/kernel/packet.ts";
import { expected, isText, startsWith } from "../channels/kernel/shape.ts";
import { channelWait, patienceOf, type WaitOptions } from "../channels/kernel/wait.ts";
import { endingSource, selectableAll } from "../channels/source.ts";
import { Calling, NO_OPTIONS, snapshotFor } from "./calling.ts";
import { allStandFor, behindFace, Contact, isPlacement, type PlacementName } from "./contact.ts";
import { currentActor } from "./context.ts";
import { actorExited, describeExit } from "./exited.ts";
import { graceOf } from "./grace.ts";
import type { Keeper } from "./keeper.ts";
import { outboxOf } from "./outbox.ts";
import { CALL_OPTIONS, type CallOptions, type Calls, type Casts, type Ref, type StopOptions } from "./ref.ts";
import { tracing } from "./tracing.ts";

class ActorRef implements Ref {
  readonly #contact: Contact;
  #call: Calls<unknown> | undefined;
  #cast: Casts<unknown> | undefined;

  constructor(contact: Contact) {
    this.#contact = contact;
  }

  get call(): Calls<unknown> {
    const contact = this.#contact;
    return this.#call ??= methods<Calls<unknown>>((method, args) =>
      new Calling(contact, method, args, NO_OPTIONS).result
    );
  }

  get cast(): Casts<unknown> {
    const contact = this.#contact;
    return this.#cast ??= methods<Casts<unknown>>((method, args) => makeCast(contact, method, args, NO_OPTIONS));
  }

  get address(): string {
    return this.#contact.address;
  }

  get name(): string {
    return this.#contact.name;
  }

  get placement(): PlacementName {
    return this.#contact.placement;
  }

  get alive(): boolean {
    return this.#contact.exit === undefined;
  }

  get exited(): Promise<Exit> {
    return this.#contact.exited;
  }

  with(options: CallOptions): { call: Calls<unknown>; cast: Casts<unknown> } {
    const contact = this.#contact;
    checkCallOptions(contact.name, options);
    return {
      call: methods((method, args) => new Calling(contact, method, args, options).result),
      cast: methods((method, args) => makeCast(contact, method, args, options)),
    };
  }

  async ready(options?: WaitOptions): Promise<void> {
    const { target, name, address } = this.#contact;
    const action = `wait for ${name}`;
    const wait = channelWait(action, options);
    const late = (timeoutMs: number) =>
      new TimeoutError(`Cannot ${action}: there was no room for a message for ${timeoutMs} ms`, { timeoutMs });
    const lost = (exit: Exit | undefined) => actorExited(action, name, address, exit ?? this.#contact.exit);
    const question = { holder: whoActs.holder(), late, lost };
    if (wait.once) {
      const roomHere = isCell(target) || outboxOf(target).hasRoom;
      if (!roomHere || !await ask(target, { ...question, verb: "hasRoom" })) throw late(wait.timeoutMs);
    } else {
      const gate = isCell(target) ? undefined : { gate: outboxOf(target).order };
      await ask(target, { ...question, verb: "room", wait, ...gate });
    }
  }

  async stop(options?: StopOptions): Promise<Exit> {
    return await this.#contact.stop(graceOf(`stop ${this.name}`, options));
  }

  async kill(): Promise<Exit> {
    return await this.#contact.end("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (isChild(this.#contact)) await this.stop();
  }

  static {
    // Not for each by itself: there may be a million of them.
    const behind = (ref: ActorRef) => #contact in ref ? ref.#contact : undefined;
    allStandFor(this.prototype, behind);
    enrollAll(this.prototype, (ref) => {
      const contact = behind(ref);
      return contact && (() => contactPassage("ref", contact));
    });
    selectableAll(this.prototype, (ref) => {
      const contact = behind(ref);
      return contact && endingSource(() => contact.exited, () => contact.look());
    });
    inspectAs(this, (ref) => {
      const { exit } = ref.#contact;
      return `Ref(${ref.name} ${ref.address}, ${ref.placement}, ${
        exit === undefined ? "alive" : `ended: ${describeExit(exit)}`
      })`;
    });
  }
}

/** The contact that a ref is the face of; undefined if the value is no ref. */
export function contactBehind(ref: unknown): Contact | undefined {
  return isA(ref, ActorRef) ? behindFace(ref) : undefined;
}

/** Whether a value is a ref. */
export function isRef(value: unknown): value is Ref {
  return contactBehind(value) !== undefined;
}

/** A handle to an actor that somebody spawned. */
export function makeRef(contact: Contact): Ref {
  return new ActorRef(contact);
}

/** Whether the running actor is the one that started it. */
export function isChild({ keeper }: Contact): boolean {
  return isCell(keeper) && currentActor().children.has(keeper as Cell & Keeper);
}

/** What travels of a contact. */
export function contactPassage(
  kind: string,
  { name, placement, actor, keeper }: Contact,
  more: unknown = null,
): Passage {
  return { kind, target: actor, also: keeper === actor ? undefined : keeper, meta: [name, placement, more] };
}

/** The contact that travelled. */
export function contactFrom({ target, also, meta }: Passage): Contact {
  const [name, placement] = expected("a handle to an actor", meta, startsWith(isText, isPlacement));
  const contact = new Contact(oneLine(name), placement, target, also ?? target);
  if (isolate.id.includes(BOUNDARIES.sandbox)) {
    received.set(contact.address, new WeakRef(contact));
    forgotten.register(contact, contact.address);
  }
  return contact;
}

/** In a sandbox: the actors of which a handle has come, since no name leads it to others. */
const received = new Map<string, WeakRef<Contact>>();
const forgotten = new FinalizationRegistry<string>((address) => {
  if (received.get(address)?.deref() === undefined) received.delete(address);
});

/** The actor at an address as people read it, if a handle to it has come to this sandbox and is still there. */
export function contactReceived(address: string): Contact | undefined {
  return received.get(address)?.deref();
}

handleKind("ref", { leased: false, revive: (passage) => makeRef(contactFrom(passage)) });

/**
 * An object with a method for every name. Each is made at its first use and found like any other property from then on,
 * since a trap on every call would cost more than the call of an inline actor.
 */
function methods<M>(send: (method: string, args: unknown[]) => unknown): M {
  const made: Record<string, unknown> = Object.create(
    new Proxy({}, {
      get(_target, name) {
        // Not `then`: an object with it would be taken for a promise.
        if (typeof name !== "string" || name === "then") return undefined;
        const method = (...args: unknown[]) => send(name, args);
        Object.defineProperty(made, name, { value: method });
        return method;
      },
      set: () => false,
    }),
  );
  return made as M;
}

function makeCast(contact: Contact, method: string, args: unknown[], options: CallOptions): void {
  const { target } = contact;
  const holder = whoActs.holder();
  const here = snapshotFor(target, args, options.transfer);
  if (here !== undefined) return tell(target, holder, "cast", method, here);
  const packed = pack(args, "args", destinationOf(target), { transfer: options.transfer, isList: true });
  const sent = tracing?.sent(`${contact.name}.${method}`, contact.address, "casts");
  const body = sent === undefined ? packed : packetWith(packed, { trace: sent.trace });
  sent?.end();
  const send = () => tell(target, holder, "cast", method, body);
  const dropped = () => discard(target, holder, body);
  if (isCell(target)) send();
  else outboxOf(target).submit({ weight: 1, bytes: sizeOf(body), castOf: method, send, dropped });
}

function checkCallOptions(name: string, options: CallOptions): void {
  const { timeoutMs, transfer, retries } = checkOptions(`call ${name}`, options, CALL_OPTIONS);
  patienceOf(`call ${name}`, { timeoutMs });
  if (transfer !== undefined && !Array.isArray(transfer)) {
    throw new TypeError(`Cannot call ${name}: transfer must be an array`);
  }
  if (retries === undefined) return;
  checkCount(`call ${name}`, "retries", retries, 0);
  if (retries > 0 && transfer !== undefined && transfer.length > 0) {
    throw new RangeError(`Cannot call ${name}: what was moved cannot be sent again, so transfer goes without retries`);
  }
}
