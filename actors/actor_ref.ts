import type { Exit } from "../channels/exit.ts";
import { ActorExitedError, TimeoutError } from "../channels/errors.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import type { Address } from "../channels/kernel/address.ts";
import { ask, discard, type Question, tell } from "../channels/kernel/ask.ts";
import { type Cell, isCell, type Target } from "../channels/kernel/cell.ts";
import { enroll, handleKind } from "../channels/kernel/handle.ts";
import { inspectAs } from "../channels/kernel/inspect.ts";
import { destinationOf, pack, unpack } from "../channels/kernel/pack.ts";
import type { Packet } from "../channels/kernel/packet.ts";
import { checkOptions, type Patience, patience, type WaitOptions } from "../channels/kernel/wait.ts";
import { endingSource, selectable } from "../channels/source.ts";
import { Bridges } from "./bridge.ts";
import { CallResult } from "./call_result.ts";
import { Contact, type PlacementName } from "./contact.ts";
import { currentActor } from "./context.ts";
import { actorExited, describeExit } from "./exited.ts";
import { graceOf } from "./grace.ts";
import type { Keeper } from "./keeper.ts";
import { outboxOf } from "./outbox.ts";
import type { CallOptions, Calls, Casts, Ref, StopOptions } from "./ref.ts";
import { StreamReader } from "./stream.ts";
import { type Tracing, tracing } from "./tracing.ts";

/** Calls last this long unless the caller says otherwise. */
const CALL_TIMEOUT_MS = 5000;

class ActorRef implements Ref {
  readonly #contact: Contact;
  readonly call: Calls<unknown>;
  readonly cast: Casts<unknown>;

  constructor(contact: Contact) {
    this.#contact = contact;
    this.call = methods((method, args) => makeCall(contact, method, args, {}));
    this.cast = methods((method, args) => makeCast(contact, method, args, {}));
    enroll(this, () => contactPassage("ref", contact));
    contacts.set(this, contact);
    selectable(this, endingSource(() => contact.exited, () => contact.exit));
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
      call: methods((method, args) => makeCall(contact, method, args, options)),
      cast: methods((method, args) => makeCast(contact, method, args, options)),
    };
  }

  async ready(options?: WaitOptions): Promise<void> {
    const { target, name, address } = this.#contact;
    const action = `wait for ${name}`;
    const wait = patience(action, options);
    const late = (timeoutMs: number) =>
      new TimeoutError(`Cannot ${action}: there was no room for a message for ${timeoutMs} ms`, { timeoutMs });
    const lost = (exit: Exit | undefined) => actorExited(action, name, address, exit ?? this.#contact.exit);
    const question = { holder: whoActs.holder(), late, lost };
    if (wait.once) {
      const roomHere = isCell(target) || outboxOf(target).hasRoom;
      if (!roomHere || !await ask(target, { ...question, verb: "hasRoom" })) throw late(wait.timeoutMs);
    } else {
      const gate = isCell(target) ? undefined : { gate: (send: () => void) => queue(target, 0, send) };
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
    inspectAs(this, (ref) => {
      const { exit } = ref.#contact;
      return `Ref(${ref.name} ${ref.address}, ${ref.placement}, ${
        exit === undefined ? "alive" : `ended: ${describeExit(exit)}`
      })`;
    });
  }
}

const contacts = new WeakMap<object, Contact>();

/** The contact that a ref is the face of. */
export function contactBehind(ref: object): Contact | undefined {
  return contacts.get(ref);
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
): ReturnType<Parameters<typeof enroll>[1]> {
  return { kind, target: actor, also: keeper === actor ? undefined : keeper, meta: [name, placement, more] };
}

/** The contact that travelled. */
export function contactFrom({ target, also, meta }: ReturnType<Parameters<typeof enroll>[1]>): Contact {
  const [name, placement] = meta as [string, PlacementName];
  return new Contact(name, placement, target, also ?? target);
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

function makeCall(contact: Contact, method: string, args: unknown[], options: CallOptions): CallResult {
  const title = `${contact.name}.${method}`;
  const { timeoutMs, signal } = options;
  const perItem = timeoutMs === undefined && signal === undefined
    ? undefined
    : { timeoutMs: timeoutMs ?? Infinity, once: false, signal };
  return new CallResult(answerTo(contact, method, args, options, title), title, perItem);
}

async function answerTo(
  contact: Contact,
  method: string,
  args: unknown[],
  options: CallOptions,
  title: string,
): Promise<unknown> {
  const action = `call ${title}`;
  const bridges = new Bridges();
  const lost = (exit: Exit | undefined) => actorExited(action, contact.name, contact.address, exit ?? contact.exit);
  const late = (timeoutMs: number) =>
    new TimeoutError(`Cannot ${action}: no answer came in ${timeoutMs} ms`, { timeoutMs });
  const attempt = (wait: Patience, args: unknown[]) => {
    const { target } = contact;
    const body = pack(args, "args", destinationOf(target), { transfer: options.transfer, bridge: bridges.bridge });
    const gate = isCell(target) ? undefined : (send: () => void) => queue(target, 1, send);
    const call = { holder: whoActs.holder(), verb: "call", detail: method, body, wait, late, lost, gate };
    return tracing === undefined ? ask(target, call) : tracedAsk(tracing, title, contact, target, call);
  };
  try {
    const wait = patience(action, options, CALL_TIMEOUT_MS);
    if (wait.once) throw late(wait.timeoutMs);
    const { retries = 0 } = options;
    const answer = await (retries === 0 ? attempt(wait, args) : again(retries, contact, wait, args, attempt));
    if (answer instanceof StreamReader) {
      // A stream ends as the actor does that yields it.
      answer.lost = (exit) => lost(contact.endedWithIsolate ?? exit);
      answer.onEnd = () => bridges.close();
    } else bridges.close();
    return answer;
  } catch (error) {
    bridges.close();
    throw error;
  }
}

/** Makes a call again, with the same arguments, each time that the actor died before it answered. */
async function again(
  retries: number,
  contact: Contact,
  wait: Patience,
  args: unknown[],
  attempt: (wait: Patience, args: unknown[]) => Promise<unknown>,
): Promise<unknown> {
  const holder = whoActs.holder();
  const snapshot = unpack(pack(args, "args", holder), holder) as unknown[];
  const deadline = performance.now() + wait.timeoutMs;
  for (let left = retries;; left--) {
    try {
      return await attempt({ ...wait, timeoutMs: Math.max(1, deadline - performance.now()) }, snapshot);
    } catch (error) {
      const died = error instanceof ActorExitedError && error.address === contact.address;
      if (!died || left <= 0 || contact.exit !== undefined) throw error;
    }
  }
}

/** Sends when it is this message's turn, behind all that was sent to the same actor before. */
export function queue(actor: Address, weight: 0 | 1, send: () => void): (() => void) | undefined {
  return outboxOf(actor).submit({ weight, bytes: 0, castOf: undefined, send });
}

/** Asks, and notes in the trace that it does, and what came of it. */
async function tracedAsk(
  tracing: Tracing,
  title: string,
  { address }: Contact,
  target: Target,
  call: Question & { readonly body: Packet },
): Promise<unknown> {
  const sent = tracing.sent(title, address, "calls");
  try {
    const answer = await ask(target, { ...call, body: { ...call.body, trace: sent.trace } });
    sent.end();
    return answer;
  } catch (thrown) {
    sent.end({ thrown });
    throw thrown;
  }
}

function makeCast(contact: Contact, method: string, args: unknown[], options: CallOptions): void {
  const { target } = contact;
  const holder = whoActs.holder();
  const packed = pack(args, "args", destinationOf(target), { transfer: options.transfer });
  const sent = tracing?.sent(`${contact.name}.${method}`, contact.address, "casts");
  const body = sent === undefined ? packed : { ...packed, trace: sent.trace };
  sent?.end();
  const send = () => tell(target, holder, "cast", method, body);
  const dropped = () => discard(target, holder, body);
  if (isCell(target)) send();
  else outboxOf(target).submit({ weight: 1, bytes: body.bytes.length, castOf: method, send, dropped });
}

function checkCallOptions(name: string, options: CallOptions): void {
  const { transfer, retries } = checkOptions(`call ${name}`, options);
  patience(`call ${name}`, { ...options, signal: undefined });
  if (transfer !== undefined && !Array.isArray(transfer)) {
    throw new TypeError(`Cannot call ${name}: transfer must be an array`);
  }
  if (retries === undefined) return;
  if (typeof retries !== "number" || Number.isNaN(retries)) {
    throw new TypeError(`Cannot call ${name}: retries must be a number`);
  }
  if (retries > 0 && transfer !== undefined && transfer.length > 0) {
    throw new RangeError(`Cannot call ${name}: what was moved cannot be sent again, so transfer goes without retries`);
  }
  if (retries < 0) throw new RangeError(`Cannot call ${name}: retries must not be negative`);
}
