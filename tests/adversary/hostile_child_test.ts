/**
 * A hostile kernel in a sandbox, which has handles to one of everything and is asked things by the program: whatever it
 * says, the program lives, answers others, keeps what is not the child's, and stays within its bounds.
 */
import { assert, assertEquals } from "@std/assert";
import { actor, child, Lock, manage, pipe, Pool, Queue, type Ref, Semaphore, SharedMemory } from "../../mod.ts";
import { EventFlag, inspect, spawn, supervise } from "../../mod.ts";
import { Chance } from "../chance.ts";
import { firstSeed, rounds } from "../soak.ts";
import { HostileBytes } from "./hostile_bytes.ts";
import { HostileChildren } from "./hostile_child.ts";

const CASES = rounds(50_000, 5_000_000);
const SEED = firstSeed(20_261_130);
const BATCH = 500;
/** What no batch may take, however busy the machine is: thousands of times what one takes. */
const BATCH_MS = 20_000;
const GROWTH_BYTES = 512 * 1024 * 1024;
const LINE = 20_000;

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

Deno.test(`${CASES} hostile messages of a sandboxed child harm nobody else (seed ${SEED})`, async () => {
  const chance = new Chance(SEED);
  const uncaught: unknown[] = [];
  const note = (event: Event) => {
    event.preventDefault();
    uncaught.push((event as PromiseRejectionEvent).reason ?? (event as ErrorEvent).error);
  };
  addEventListener("unhandledrejection", note);
  addEventListener("error", note);
  const lines: string[] = [];
  const { error: consoleError } = console;
  console.error = (...args: unknown[]) => void lines.push(args.map((arg) => String(arg)).join(" "));
  const before = Deno.memoryUsage().rss;
  try {
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
      for (let round = 0; round < 20 && acted < CASES && (app?.alive ?? false); round++) {
        const since = performance.now();
        asking.push(...ask(app!.refs.victim, handles));
        await new Promise((resolve) => setTimeout(resolve));
        const hostile = children.alive.filter((child) => child.isUp);
        if (hostile.length === 0) break;
        for (let n = 0; n < BATCH; n++) chance.one(hostile).act();
        acted += BATCH;
        await new Promise((resolve) => setTimeout(resolve));
        const took = performance.now() - since;
        assert(took < BATCH_MS, `${BATCH} messages kept the program busy for ${took} ms`);
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
  } finally {
    console.error = consoleError;
    removeEventListener("unhandledrejection", note);
    removeEventListener("error", note);
  }
  assertEquals(uncaught.slice(0, 3), []);
  for (const line of lines) {
    assert(!hasControls(line), `a log line has control characters: ${JSON.stringify(line.slice(0, 500))}`);
    assert(line.length < LINE, `a log line has ${line.length} characters: ${line.slice(0, 200)}`);
  }
  const growth = Deno.memoryUsage().rss - before;
  assert(growth < GROWTH_BYTES, `it grew by ${growth} bytes`);
});

/** What a program does with the handles that have come from a child, whose home may be there. */
async function use(value: unknown): Promise<void> {
  if (!Array.isArray(value)) return;
  const done: Promise<unknown>[] = [];
  for (const face of value) {
    if (typeof face !== "object" || face === null || Array.isArray(face)) continue;
    for (const [method, ...args] of USES) {
      if (typeof face[method] !== "function") continue;
      done.push((async () => await face[method](...args))().catch(() => {}));
    }
  }
  await Promise.all(done);
}

/** Whether a terminal would obey something in a text; lines and tabs are harmless. */
function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code < 0x20 && code !== 0x0a && code !== 0x09) || code === 0x7f) return true;
  }
  return false;
}

const SOON = { timeoutMs: 50 };
const USES: readonly (readonly [string, ...unknown[]])[] = [
  ["put", 1, SOON],
  ["get", SOON],
  ["tryGet"],
  ["size"],
  ["send", 1, SOON],
  ["recv", SOON],
  ["poll"],
  ["acquire", SOON],
  ["tryAcquire"],
  ["wait", SOON],
  ["isSet"],
  ["read", 0, 1],
  ["add", 1],
  ["set", "a", 1],
  ["snapshot"],
  ["join", SOON],
  ["stats"],
  ["ready", SOON],
  ["close"],
];

/** What a program asks of a child that it has given handles to; every answer settles, and every error is one. */
function ask(victim: Ref<Victim>, handles: readonly unknown[]): Promise<unknown>[] {
  const calls = victim.with({ timeoutMs: 200 }).call;
  return [
    calls.greet(handles),
    calls.greet(1),
    Array.fromAsync(calls.items()),
    victim.ready({ timeoutMs: 100 }),
  ].map((answer) =>
    Promise.resolve(answer).then(use).catch((error) => {
      // Anything may have been thrown; an error has the strings that it promises.
      if (!Error.isError(error)) return;
      assertEquals([typeof error.name, typeof error.message, typeof error.stack], ["string", "string", "string"]);
    })
  );
}
