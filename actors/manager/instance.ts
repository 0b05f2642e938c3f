import { Cell } from "../../channels/kernel/cell.ts";
import { enroll, handleKind, type Passage, Transit } from "../../channels/kernel/handle.ts";
import { noSuchRequest, type Request } from "../../channels/kernel/request.ts";
import { expected, isAnything, type Shape } from "../../channels/kernel/shape.ts";
import type { Exit } from "../../channels/exit.ts";
import { contactBehind, contactFrom, makeRef } from "../actor_ref.ts";
import { Contact } from "../contact.ts";
import { current } from "../current.ts";
import type { ActorClass } from "../definition.ts";
import { GRACE_MS } from "../grace.ts";
import { spawn } from "../spawn.ts";

/** The lease of an instance. */
const INSTANCE = "instance";

/** Knows who has an instance, and stops it when nobody has it any more. */
class InstanceCell extends Cell {
  constructor(readonly instance: Contact) {
    super();
  }

  receive(request: Request): void {
    request.throw(noSuchRequest(this.instance.name, request.verb));
  }

  override returned(kind: string): void {
    if (kind === INSTANCE) this.stopIfForgotten();
  }

  /** Stops the instance, after the messages that it was sent before. */
  stopIfForgotten(): void {
    if (this.holdersOf(INSTANCE) === 0) void this.instance.stop(GRACE_MS);
  }
}

/** Makes an instance in this isolate for the caller of the method that is running, as a child of the running actor. */
export async function makeInstance(Class: ActorClass, args: readonly unknown[]): Promise<object> {
  const { signal } = current().call!;
  const ref = await spawn(Class, args as never[], { placement: "inline" });
  const instance = contactBehind(ref)!;
  const cell = new InstanceCell(instance);
  // The caller may give up, or die, up to the moment in which the answer leaves.
  if (signal.aborted) cell.stopIfForgotten();
  else signal.addEventListener("abort", () => cell.stopIfForgotten());
  return new Transit({
    kind: INSTANCE,
    target: cell,
    also: instance.actor,
    meta: [instance.name, instance.placement],
  });
}

/** The contact of somebody who has the instance: a call that is under way has it, too. */
class HeldContact extends Contact {
  /** The ref: once nobody has it, a call under way included, its collection ends the lease. */
  face: object | undefined;
  readonly #instance: Contact;

  constructor(instance: Contact) {
    super(instance.name, instance.placement, instance.actor, instance.keeper, instance.shownAddress);
    this.#instance = instance;
  }

  // These are waits for the end of the instance, which must not keep it from ending.
  override get exit(): Exit | undefined {
    return this.#instance.exit;
  }

  override get exited(): Promise<Exit> {
    return this.#instance.exited;
  }
}

const isTarget = isAnything as Shape<Passage["target"]>;

handleKind(INSTANCE, {
  leased: true,
  revive(passage, imported) {
    const { kind, target, also, meta } = passage;
    const actor = expected("a handle to an instance", also, (value) => value !== undefined && isTarget(value));
    const contact = new HeldContact(contactFrom({ kind, target: actor, meta }));
    const ref = makeRef(contact);
    contact.face = ref;
    enroll(ref, () => ({ kind, target, also, meta }));
    return Object.defineProperty(ref, Symbol.asyncDispose, {
      value: () => Promise.resolve(imported?.release()),
    });
  },
});
