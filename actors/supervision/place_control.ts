import { ProtocolError } from "../../channels/errors.ts";
import type { Exit } from "../../channels/exit.ts";
import { whoActs } from "../../channels/kernel/acting.ts";
import { hasFewerRights, type IsolateId, isWithin } from "../../channels/kernel/address.ts";
import { ask, tell } from "../../channels/kernel/ask.ts";
import { Cell, isCell, type Target } from "../../channels/kernel/cell.ts";
import { enroll, handleKind } from "../../channels/kernel/handle.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { destinationOf, pack } from "../../channels/kernel/pack.ts";
import { bodyOf } from "../../channels/kernel/relay.ts";
import type { Request } from "../../channels/kernel/request.ts";
import { contactBehind, makeRef } from "../actor_ref.ts";
import type { Contact } from "../contact.ts";
import { arrivedExit } from "../exited.ts";
import { type Companion, companionsFrom } from "./companions.ts";
import type { Place } from "./place.ts";

/** The lease of a supervisor, and of those above it that may start it again. */
const CONTROL = "place-control";

/** The cell by which a supervisor says how a child is. A ref to the child does not reach it. */
class ControlCell extends Cell {
  constructor(readonly place: Place) {
    super();
  }

  override takesCast(): boolean {
    return true;
  }

  receive(request: Request): void {
    const value = bodyOf(request, this);
    if (request.verb === "up") this.up(contactOf(value));
    else if (request.verb === "part") this.place.part(companionsFrom(value));
    else if (request.verb === "hold") this.place.hold();
    else if (request.verb === "down") this.place.down(exitOf(value));
    else this.place.over(value === undefined ? undefined : exitOf(value));
    request.reply();
  }

  up(child: Contact): void {
    // A supervisor may die while it starts a child.
    if (this.holdersOf(CONTROL) > 0) this.place.up(child);
  }

  override returned(kind: string): void {
    // Nobody is left who could start it again.
    if (kind === CONTROL && this.holdersOf(CONTROL) === 0) this.place.over();
  }
}

function contactOf(value: unknown): Contact {
  return contactBehind(value) ?? unreadable();
}

function exitOf(value: unknown): Exit {
  return arrivedExit(value) ?? unreadable();
}

function unreadable(): never {
  throw new ProtocolError("Cannot read how a child is: it is not what it must be");
}

/** A supervisor's way to say how a child is. */
export class PlaceControl {
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
    enroll(this, () => ({ kind: CONTROL, target, meta: null }));
  }

  /** The control of a place of this isolate. */
  static of(place: Place): PlaceControl {
    return new PlaceControl(new ControlCell(place));
  }

  /** Whether the place is one of an isolate or of those below it. */
  isWithin(id: IsolateId): boolean {
    return !isCell(this.#target) && isWithin(this.#target.isolate, id);
  }

  /** The child lives. */
  async up(child: Contact): Promise<void> {
    if (isCell(this.#target)) (this.#target as ControlCell).up(child);
    else await this.#tell("up", makeRef(child));
  }

  /** The child is to end, and so are these before it is back. */
  async part(companions: readonly Companion[]): Promise<void> {
    if (isCell(this.#target)) (this.#target as ControlCell).place.part(companions);
    else await this.#tell("part", companions);
  }

  /** The child is about to end, and may come back. */
  async hold(): Promise<void> {
    if (isCell(this.#target)) (this.#target as ControlCell).place.hold();
    else await this.#tell("hold", undefined);
  }

  /** The child has ended, and may come back. */
  async down(exit: Exit): Promise<void> {
    if (isCell(this.#target)) (this.#target as ControlCell).place.down(exit);
    else await this.#tell("down", exit);
  }

  /** The child has ended for good, if it ever began. */
  async over(exit: Exit | undefined): Promise<void> {
    if (isCell(this.#target)) (this.#target as ControlCell).place.over(exit);
    else await this.#tell("over", exit);
  }

  async #tell(verb: string, value: unknown): Promise<void> {
    const body = pack(value, "value", destinationOf(this.#target));
    const holder = whoActs.holder();
    // A place with fewer rights may never answer, and the supervisor does nothing else meanwhile.
    if (!isCell(this.#target) && hasFewerRights(this.#target.isolate, isolate.id)) {
      return tell(this.#target, holder, verb, "", body);
    }
    // When the place is gone there is nobody left whom it could matter to.
    await ask(this.#target, { holder, verb, body, lost: () => new Error("gone") }).catch(() => {});
  }
}

handleKind(CONTROL, {
  leased: true,
  revive: ({ target }) => isCell(target) && !("place" in target) ? unreadable() : new PlaceControl(target),
});
