/**
 * A stranger sends a handle that nobody has granted to the receiver. Whatever the receiver does with the message, it gives
 * back nothing that others hold, in whichever isolate or program the handle has its home.
 */
import { assertEquals } from "@std/assert";
import {
  actor,
  JoinableQueue,
  type Lock,
  manage,
  pipe,
  Pool,
  Queue,
  ShareableList,
  SharedMemory,
  SharedValue,
  spawn,
  supervise,
} from "../../mod.ts";
import { addressOf } from "../../channels/kernel/cell.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { root } from "../../channels/kernel/root.ts";
import { Bystander } from "./fixtures/bystander.ts";
import { Place, prepare, type Where } from "./place.ts";
import { boundedWithChildren, until } from "./bounded.ts";
import { Guest, HostOfGuests } from "./fixtures/guest.ts";
import { eachStranger, type Forged, type Stranger } from "./usurpers.ts";

prepare(["remote"]);

/** Serves until it is stopped. */
class Idle {
  echo(value: unknown): unknown {
    return value;
  }
}
actor(import.meta.url, Idle);

const VALUES: readonly unknown[] = ["x", 0, [0, 0], [1, "x"], [0, new Uint8Array(1)], undefined, {
  id: "1",
  steps: [],
}];
const VERBS = ("lookup createMemory attachMemory deadLetters register unregister inspect probe call cast message " +
  "room discard look read write unlink get set add slice put take taskDone append push values delete run runWith chunk " +
  "send pair name acquire watch more " +
  "stop").split(" ");

let lastId = 10_000;

/** Every request to a cell, with and without an answer, each with the handle that its value does not name. */
function requests(smuggled: object, at: { slot?: number; secret?: string } = {}): Forged[] {
  const bodies = VALUES.map((value) => encode(value, ""));
  // It names the handle.
  bodies.push(new Uint8Array([0xd4, 10, 0]), new Uint8Array([0x91, 0xd4, 10, 0]));
  return VERBS.flatMap((verb) =>
    bodies.flatMap((body): Forged[] =>
      [false, true].map((isAsked) => ({
        kind: "send",
        verb,
        detail: verb === "call" || verb === "cast" ? "echo" : "1",
        id: isAsked ? ++lastId : 0,
        body,
        smuggled,
        ...at,
      }))
    )
  );
}

const homes: Record<string, readonly ("link" | "sandbox" | "peer")[]> = {
  thread: ["link", "sandbox", "peer"],
  process: ["link", "sandbox"],
  remote: ["link", "sandbox"],
};
for (const [where, kinds] of Object.entries(homes)) {
  eachStranger(`what others hold in a ${where} is given back by nobody else`, async (stranger) => {
    await using manager = await manage({}, { placement: "inline" });
    await using pool = new Pool({ size: 1, placement: "inline" });
    await using supervisor = await supervise({}, { placement: "inline" });
    using memory = await SharedMemory.create(8);
    const idle = await spawn(Idle, [], { placement: "inline" });
    const home = await new Place(where as Where).spawn(Bystander, [], { concurrency: 8 });
    const lock = await home.call.lock() as Lock;
    await lock.acquire();
    const [reader] = pipe<unknown>({ duplex: false });
    const cells: object[] = [
      new Queue(),
      new JoinableQueue(),
      new SharedValue("int32"),
      new ShareableList([1]),
      memory,
      reader,
    ];
    cells.push(idle, pool, supervisor, await manager.dict(), await manager.list());
    const forge = async (handle: object, at?: { slot: number; secret: string }) => {
      await sendAll(stranger, handle, requests(lock, at));
      assertEquals(await home.call.isFree(), false, `${Deno.inspect(handle)} ${at?.slot}`);
    };
    for (const cell of cells) await forge(cell);
    const { slot, secret } = addressOf(root());
    await forge(cells[0], { slot, secret });
    // Nobody is there: in the slot of the program's main actor, say.
    await forge(cells[0], { slot: 1, secret: "0".repeat(32) });
    await lock.release();
    assertEquals(await home.call.isFree(), true);
    for (const one of [idle, home]) await one.kill();
  }, kinds);
}

boundedWithChildren(
  "what a sandbox hands on of another program's comes, and is held until it is given back",
  async () => {
    const home = await new Place("remote").spawn(Bystander, [], { concurrency: 8 });
    const lock = await home.call.lock() as Lock;
    const options = { placement: "process", permissions: "none", startTimeoutMs: 30_000 } as const;
    for (const placement of ["inline", "thread", "process"] as const) {
      const host = await spawn(HostOfGuests, [], { placement, startTimeoutMs: 30_000 });
      const guest = await spawn(Guest, [], options);
      for (let time = 0; time < 3; time++) guest.cast.handOn(host, lock);
      await until(async () => await host.call.kept() === 3, "it has come");
      await guest.kill();
      await until(async () => await home.call.holders() === 2, "only the sandbox has left");
      const held = await lock.acquire();
      assertEquals(await home.call.isFree(), false);
      held[Symbol.dispose]();
      await host.kill();
      await until(async () => await home.call.holders() === 1, "the receiver has left");
    }
    await home.kill();
  },
  120_000,
);

async function sendAll(stranger: Stranger, handle: object, envelopes: readonly Forged[]): Promise<void> {
  for (let at = 0; at < envelopes.length; at += 100) await stranger.forge(handle, envelopes.slice(at, at + 100));
}
