import { checkName } from "../channels/argument.ts";
import { DisconnectedError } from "../channels/errors.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import { ask } from "../channels/kernel/ask.ts";
import { destinationOf, pack, unpack } from "../channels/kernel/pack.ts";
import { root, rootService } from "../channels/kernel/root.ts";
import { singleton } from "../channels/kernel/singleton.ts";
import { contactBehind, makeRef } from "./actor_ref.ts";
import type { Contact } from "./contact.ts";
import { actorExited } from "./exited.ts";
import type { Ref } from "./ref.ts";

/** How long the program waits to hear whether the owner of a wanted name still lives. */
const OWNER_MS = 1000;

/**
 * Gives an actor a name by which all of the program finds it. (Erlang's `register`.)
 *
 * - **Life**: the name is gone with the actor, however it ends, or with {@linkcode unregister}. A supervised actor keeps
 *   its name across restarts, until it has ended for good.
 * - **One owner**: a name belongs to one actor at a time; an actor may have many. Giving it the same one again does
 *   nothing.
 * - **Trust**: any actor of the program may register, look up and unregister.
 *
 * @param name any string but the empty one
 * @param ref the actor
 * @returns once every later `lookup` finds it
 * @throws {TypeError} If another living actor has the name, or `ref` is no ref.
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
export async function register<D>(name: string, ref: Ref<D>): Promise<void> {
  const action = `register "${checkName("register a name", name)}"`;
  const contact = typeof ref === "object" && ref !== null ? contactBehind(ref) : undefined;
  if (contact === undefined) throw new TypeError(`Cannot ${action}: a ref is needed, not ${Deno.inspect(ref)}`);
  if (contact.exit !== undefined) throw actorExited(action, contact.name, contact.address, contact.exit);
  await askRoot(action, "register", [name, ref]);
}

/**
 * The actor that has a name now. (Erlang's `whereis`.)
 *
 * An actor that has just ended elsewhere may still be found: calling it tells.
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
  return await askRoot(action, "lookup", name) as Ref<D> | undefined;
}

/**
 * Takes a name from whoever has it; the actor itself lives on.
 *
 * @returns whether anybody had it
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

/** Who has which name. Kept by the program's own isolate for all. */
const owners: Map<string, Contact> = singleton("names", () => new Map());

rootService("register", (request) => {
  const [name, ref] = unpack(request.body, request.from) as [string, object];
  give(name, contactBehind(ref)!).then(() => request.reply(), (error) => request.throw(error));
});

rootService("lookup", (request) => {
  const owner = ownerOf(unpack(request.body, request.from) as string);
  request.replyValue(owner && makeRef(owner), "result");
});

rootService("unregister", (request) => {
  const name = unpack(request.body, request.from) as string;
  const had = ownerOf(name) !== undefined;
  owners.delete(name);
  request.reply(had);
});

/** Who has a name, as far as is known here. */
function ownerOf(name: string): Contact | undefined {
  const owner = owners.get(name);
  return owner?.exit === undefined ? owner : undefined;
}

async function give(name: string, to: Contact): Promise<void> {
  for (let owner = ownerOf(name); owner !== undefined; owner = ownerOf(name)) {
    if (owner.address === to.address) return;
    // It may have ended and nobody has told here yet, though whoever wants its name knows.
    if (await owner.look(OWNER_MS) === undefined && ownerOf(name) === owner) {
      throw new TypeError(`Cannot register "${name}": ${owner.name} (${owner.address}) has that name`);
    }
    if (owners.get(name) === owner) owners.delete(name);
  }
  owners.set(name, to);
  void to.exited.then(() => {
    if (owners.get(name) === to) owners.delete(name);
  });
}
