/**
 * A hostile kernel in a sandbox, which has handles to one of everything and is asked things by the program: whatever it
 * says, the program lives, answers others, keeps what is not the child's, and stays within its bounds.
 */
import { assertEquals } from "@std/assert";
import { delay } from "@std/async";
import { actor, child, Lock, manage, pipe, Pool, Queue, type Ref, Semaphore, SharedMemory } from "../../mod.ts";
import { EventFlag, inspect, spawn, supervise } from "../../mod.ts";
import { Chance } from "../chance.ts";
import { firstSeed, rounds } from "../soak.ts";
import { HostileBytes } from "./hostile_bytes.ts";
import { HostileChildren } from "./hostile_child.ts";
import { inTime, judge, underAttack, use } from "./witness.ts";

const CASES = rounds(50_000, 4_000_000);
const SEED = firstSeed(20_261_130);
const BATCH = 500;

class Victim {
  greet(_handles: unknown): string {
    return "hello";
  }
  *items(): Generator<number> {
    yield 1;
  }
}
actor(import.meta.url, Victim);

class Honest {
  ping(): string {
    return "pong";
  }
}
actor(import.meta.url, Honest);

Deno.test(`${CASES} hostile messages of a sandboxed child harm nobody else (seed ${SEED})`, () =>
  underAttack(async () => {
    const chance = new Chance(SEED);
    using children = new HostileChildren(chance, new HostileBytes(chance));
    await using honest = await spawn(Honest, [], { placement: "inline" });
    // A handle is a handle: the child may end this one.
    await using given = await spawn(Honest, [], { placement: "inline" });
    await using pool = new Pool({ size: 1, placement: "inline" });
    await using manager = await manage({}, { placement: "inline" });
    const precious = new Lock();
    using _held = await precious.acquire();
    const kept = new Queue<string>();
    await kept.put("untouched");
    const [near, far] = pipe<unknown>();
    using memory = await SharedMemory.create(64);
    const handles = [
      new Queue({ maxSize: 10 }),
      precious,
      new Semaphore(1),
      far,
      memory,
      new EventFlag(),
      pool,
      manager,
      await manager.dict<string, unknown>({ name: "dict" }),
      given,
    ];

    let acted = 0;
    while (acted < CASES) {
      const app = await supervise(
        { victim: child(Victim, [], { placement: "process", permissions: "none", startTimeoutMs: 100 }) },
        { maxRestarts: 20, withinMs: 60_000 },
      ).catch(() => undefined);
      const asking: Promise<unknown>[] = [];
      let isOver = app === undefined;
      for (let round = 0; round < 20 && acted < CASES && !isOver && app!.alive; round++) {
        await inTime(`${BATCH} messages`, async () => {
          asking.push(...ask(app!.refs.victim, handles));
          await delay(0);
          const hostile = children.alive.filter((child) => child.isUp);
          isOver = hostile.length === 0;
          for (let n = 0; n < BATCH && !isOver; n++) chance.one(hostile).act();
          acted += isOver ? 0 : BATCH;
          await delay(0);
        });
        assertEquals(await honest.call.ping(), "pong");
      }
      for (const child of children.alive) child.end();
      await app?.kill();
      await Promise.allSettled(asking);
      children.all.length = 0;
      await inspect();
    }

    assertEquals(await kept.tryGet(), { value: "untouched" });
    assertEquals(await precious.tryAcquire(), undefined, "nobody took what another holds");
    await near.close();
  }));

/** Asks a child that has been given handles, as a program does; every answer settles, and every error is one. */
function ask(victim: Ref<Victim>, handles: readonly unknown[]): Promise<unknown>[] {
  const calls = victim.with({ timeoutMs: 200 }).call;
  return [
    calls.greet(handles),
    calls.greet(1),
    Array.fromAsync(calls.items()),
    victim.ready({ timeoutMs: 100 }),
  ].map((answer) => Promise.resolve(answer).then(use).catch(judge));
}
