import { ActorExitedError, DisconnectedError } from "../../channels/errors.ts";
import { whoActs } from "../../channels/kernel/acting.ts";
import { ask } from "../../channels/kernel/ask.ts";
import { Cell, isCell, type Target } from "../../channels/kernel/cell.ts";
import { oneLine } from "../../channels/kernel/escape.ts";
import { enroll, handleKind } from "../../channels/kernel/handle.ts";
import { isA } from "../../channels/kernel/look.ts";
import { destinationOf, pack } from "../../channels/kernel/pack.ts";
import { bodyOf } from "../../channels/kernel/relay.ts";
import { noSuchRequest, type Request } from "../../channels/kernel/request.ts";
import { expected, isAnything, isText, listOf, type Shape, startsWith } from "../../channels/kernel/shape.ts";
import { makeRef } from "../actor_ref.ts";
import type { Contact } from "../contact.ts";
import { actorExited } from "../exited.ts";
import type { Ref } from "../ref.ts";
import { Voucher } from "../supervision/voucher.ts";
import type { ManagerActor } from "./manager_actor.ts";
import type { ObjectKind } from "./object_kinds.ts";

/** What a manager has to be asked for. */
export type NamedRequest = [kind: ObjectKind, name: string, args: readonly unknown[]];

/** The request for a handle to the object that has the name in the manager's present life. */
export const PRESENT = "present";
/** The handle of a `NamedRight`, and its lease. */
const RIGHT = "named-right";
/** The handle of a `NamedHome`, and its lease. */
const HOME = "named-home";

const isRequest = startsWith<NamedRequest>(isText as Shape<ObjectKind>, isText, listOf(isAnything));
const isWanted = startsWith<[NamedRequest, unknown]>(isRequest, isAnything);

/** Asks the manager for one object. A handle to the object reaches this cell, and not the manager. */
class NamedCell extends Cell {
  /** @param voucher lets the manager make the object again, if that takes one */
  constructor(readonly manager: Contact, readonly wanted: NamedRequest, readonly voucher: Voucher | undefined) {
    super();
  }

  receive(request: Request): void {
    if (request.verb !== PRESENT) return request.throw(noSuchRequest("a named object", request.verb));
    if (request.asker === undefined) return;
    this.#find().then((object) => request.replyValue(object, "result"), (error) => request.throw(error));
  }

  async #find(): Promise<object | undefined> {
    const [kind, name, args] = this.wanted;
    const { call } = (makeRef(this.manager) as unknown as Ref<ManagerActor>).with({ timeoutMs: Infinity });
    const asked = call.object(kind, name, args, this.voucher);
    return await unlessEnded(this.manager, `find the ${kind} "${oneLine(name)}"`, asked);
  }
}

class HomeCell extends Cell {
  manager: Contact | undefined;

  receive(request: Request): void {
    if (request.verb !== "name") return request.throw(noSuchRequest("a home of named objects", request.verb));
    const [wanted, voucher] = expected("a request for a name", bodyOf(request, this), isWanted);
    request.replyValue(this.name(wanted, voucher instanceof Voucher ? voucher : undefined), "result");
  }

  name(wanted: NamedRequest, voucher: Voucher | undefined): NamedRight {
    if (this.manager === undefined) throw new DisconnectedError("Cannot name an object: its manager is not there yet");
    return new NamedRight(new NamedCell(this.manager, wanted, voucher));
  }
}

/** The right to the present object of one name. */
export class NamedRight {
  constructor(readonly target: Target) {
    enroll(this, () => ({ kind: RIGHT, target, meta: null }));
  }

  static {
    handleKind(RIGHT, { leased: true, revive: ({ target }) => new NamedRight(target) });
  }
}

/**
 * Where the rights to a manager's named objects live: beside the place where the manager is found, so that they outlive
 * its restarts, as the place does; in the manager's own isolate if it has no supervisor.
 */
export class NamedHome {
  readonly #target: Target;

  /** A new one of this isolate; or the face of one elsewhere. */
  constructor(target: Target = new HomeCell()) {
    this.#target = target;
    enroll(this, () => ({ kind: HOME, target, meta: null }));
  }

  /** Says where the manager is found. */
  belongTo(manager: Contact): this {
    (this.#target as HomeCell).manager = manager;
    return this;
  }

  /** Makes the right to one name. */
  async name(wanted: NamedRequest, voucher: Voucher | undefined): Promise<NamedRight> {
    const target = this.#target;
    if (isCell(target)) return (target as HomeCell).name(wanted, voucher);
    const body = pack([wanted, voucher], "name", destinationOf(target));
    const lost = () => new DisconnectedError("Cannot name an object: the isolate that described its manager is gone");
    return await ask(target, { holder: whoActs.holder(), verb: "name", body, lost }) as NamedRight;
  }

  static {
    handleKind(HOME, { leased: true, revive: ({ target }) => new NamedHome(target) });
  }
}

/** A manager's answer. If the manager has ended, the error names the action that the program asked for. */
export async function unlessEnded<T>(manager: Contact, action: string, answer: PromiseLike<T>): Promise<Awaited<T>> {
  try {
    return await answer;
  } catch (error) {
    if (!isA(error, ActorExitedError) || error.address !== manager.address) throw error;
    throw actorExited(action, manager.name, manager.address, error.exit);
  }
}
