import { checkName } from "../channels/argument.ts";
import { DisconnectedError } from "../channels/errors.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import { hasFewerRights } from "../channels/kernel/address.ts";
import { ask } from "../channels/kernel/ask.ts";
import { oneLine } from "../channels/kernel/escape.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import { checkOptions, type OptionNames } from "../channels/kernel/options.ts";
import { destinationOf, pack } from "../channels/kernel/pack.ts";
import { bodyOf } from "../channels/kernel/relay.ts";
import { root, rootService } from "../channels/kernel/root.ts";
import { expected, isText, type Shape, startsWith } from "../channels/kernel/shape.ts";
import { brief } from "../channels/kernel/show.ts";
import { singleton } from "../channels/kernel/singleton.ts";
import { whenDone } from "../channels/settling.ts";
import { contactBehind, contactReceived, isRef, makeRef } from "./actor_ref.ts";
import type { Contact } from "./contact.ts";
import { actorExited } from "./exited.ts";
import type { Ref } from "./ref.ts";

/** What `register` takes. */
export interface RegisterOptions {
  /**
   * Whose `lookup` finds the actor: `"program"`, when left out, that of everything with the program's permissions;
   * `"all"` that of subprocesses with fewer permissions, too.
   */
  readonly for?: "program" | "all" | undefined;
}

const REGISTER_OPTIONS: OptionNames<RegisterOptions> = { for: true };
const AUDIENCES: readonly unknown[] = ["program", "all"];

/** How long the program waits to hear whether the owner of a wanted name still lives. */
const OWNER_MS = 1000;

/**
 * Gives an actor a name by which all of the program finds it. (Erlang's `register`.)
 *
 * - **Life**: the name is gone with the actor, however it ends, or with {@linkcode unregister}. A supervised actor keeps
 *   its name across restarts, until it has ended for good.
 * - **One owner**: a name belongs to one actor at a time; an actor may have many. Giving it the same one again does
 *   nothing.
 * - **Permissions**: a subprocess with fewer permissions than the program can neither register nor unregister. Its
 *   `lookup` finds actors that were registered with `{ for: "all" }`, and those of which it has received a ref.
 *
 * @param name any string but the empty one
 * @param ref the actor
 * @param options for whom; registering the same actor again changes that
 * @returns once every later `lookup` finds it
 * @throws {TypeError} If another living actor has the name, `ref` is no ref, or the caller has fewer permissions than
 *   the program.
 * @throws {ActorExitedError} If the actor has ended.
 *
 * @example Find a service by its name
 * ```ts
 * import { actor, lookup, register, spawn } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * class Clock {
 *   hour(): number {
 *     return 12;
 *   }
 * }
 * actor(import.meta.url, Clock);
 *
 * const clock = await spawn(Clock, [], { placement: "inline" });
 * await register("clock", clock);
 * const found = await lookup<Clock>("clock");
 * assertEquals(await found?.call.hour(), 12);
 *
 * await clock.stop();
 * assertEquals(await lookup("clock"), undefined);
 * ```
 */
export async function register<D>(name: string, ref: Ref<D>, options: RegisterOptions = {}): Promise<void> {
  const action = `register "${checkName("register a name", name)}"`;
  const { for: audience = "program" } = checkOptions(action, options, REGISTER_OPTIONS);
  if (!AUDIENCES.includes(audience)) {
    throw new TypeError(`Cannot ${action}: for must be "program" or "all", not ${brief(audience)}`);
  }
  const contact = contactBehind(ref);
  if (contact === undefined) throw new TypeError(`Cannot ${action}: a ref is needed, not ${brief(ref)}`);
  if (contact.exit !== undefined) throw actorExited(action, contact.name, contact.address, contact.exit);
  await askRoot(action, "register", [name, ref, audience]);
}

/**
 * The actor that has a name now. (Erlang's `whereis`.)
 *
 * - **Ended** elsewhere a moment ago, an actor may still be found: calling it tells.
 * - **Permissions**: in a subprocess with fewer permissions than the program, an actor is found that was registered with
 *   `{ for: "all" }`, or of which a ref was received there. Names are no secrets; what a name leads to is.
 *
 * @returns a ref, or undefined if nobody has the name
 *
 * @example A name that nobody has
 * ```ts
 * import { lookup } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await lookup("nobody"), undefined);
 * ```
 */
export async function lookup<D = unknown>(name: string): Promise<Ref<D> | undefined> {
  const action = `look up "${checkName("look up a name", name)}"`;
  const found = await askRoot(action, "lookup", name) as Ref<D> | string | undefined;
  if (typeof found !== "string") return found;
  const contact = contactReceived(found);
  return contact && makeRef(contact) as Ref<D>;
}

/**
 * Takes a name from whoever has it; the actor itself lives on.
 *
 * @returns whether anybody had it
 * @throws {TypeError} If the caller has fewer permissions than the program.
 *
 * @example Give a name to another
 * ```ts
 * import { actor, lookup, register, spawn, unregister } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * class Leader {}
 * actor(import.meta.url, Leader);
 *
 * await using first = await spawn(Leader, [], { placement: "inline" });
 * await using second = await spawn(Leader, [], { placement: "inline" });
 * await register("leader", first);
 * assertEquals(await unregister("leader"), true);
 * await register("leader", second);
 * assertEquals((await lookup("leader"))?.address, second.address);
 * ```
 */
export async function unregister(name: string): Promise<boolean> {
  const action = `unregister "${checkName("unregister a name", name)}"`;
  return await askRoot(action, "unregister", name) as boolean;
}

async function askRoot(action: string, verb: string, value: unknown): Promise<unknown> {
  const body = pack(value, "name", destinationOf(root()));
  const lost = () => new DisconnectedError(`Cannot ${action}: the program's own isolate is gone`);
  return await ask(root(), { holder: whoActs.holder(), verb, body, lost });
}

interface Owner {
  readonly contact: Contact;
  readonly audience: "program" | "all";
  /** Ends the wait for its end. */
  readonly unhear: () => void;
}

/** Who has which name. Kept by the program's own isolate for all. */
const owners: Map<string, Owner> = singleton("names", () => new Map());

rootService("register", "program", (request, root) => {
  const shape = startsWith(isText, isRef, isAudience);
  const [name, ref, audience] = expected("a name", bodyOf(request, root), shape);
  give(name, contactBehind(ref)!, audience).then(() => request.reply(), (error) => request.throw(error));
});

rootService("lookup", "all", (request, root) => {
  const owner = ownerOf(expected("a name", bodyOf(request, root), isText));
  if (owner === undefined) return request.reply();
  const { contact, audience } = owner;
  const isFound = audience === "all" || !hasFewerRights(request.from.isolate, isolate.id);
  // An asker that has received the actor has it by its address; nobody else can do anything with that.
  request.replyValue(isFound ? makeRef(contact) : contact.address, "result");
});

rootService("unregister", "program", (request, root) => {
  const name = expected("a name", bodyOf(request, root), isText);
  const had = ownerOf(name) !== undefined;
  forget(name);
  request.reply(had);
});

const isAudience: Shape<"program" | "all"> = (value) => value === "program" || value === "all";

/** Who has a name, as far as is known here. */
function ownerOf(name: string): Owner | undefined {
  const owner = owners.get(name);
  return owner?.contact.exit === undefined ? owner : undefined;
}

function forget(name: string): void {
  owners.get(name)?.unhear();
  owners.delete(name);
}

async function give(name: string, to: Contact, audience: Owner["audience"]): Promise<void> {
  for (let owner = ownerOf(name); owner !== undefined; owner = ownerOf(name)) {
    const { contact } = owner;
    if (contact.address === to.address) return void owners.set(name, { ...owner, audience });
    // It may have ended and nobody has told here yet, though whoever wants its name knows.
    if (await contact.look(OWNER_MS) === undefined && ownerOf(name)?.contact === contact) {
      const title = `${contact.name} (${contact.address})`;
      throw new TypeError(`Cannot register "${oneLine(name)}": ${title} has that name`);
    }
    if (owners.get(name)?.contact === contact) forget(name);
  }
  forget(name);
  owners.set(name, { contact: to, audience, unhear: whenDone(to.exited, () => owners.delete(name)) });
}
