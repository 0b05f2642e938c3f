/** The promise that a call gives, as code that knows nothing of it uses promises. */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { actor, spawn } from "../../mod.ts";

class Callee {
  one(): number {
    return 1;
  }

  fail(): never {
    throw new RangeError("no");
  }

  *two(): Generator<number> {
    yield 1;
    yield 2;
  }
}
actor(import.meta.url, Callee);

Deno.test("everybody who waits for one call is told, however they wait, before its end and after", async () => {
  await using callee = await spawn(Callee, [], { placement: "inline" });
  const call = callee.call.one();
  const waits = [
    (async () => await call)(),
    call.then((n) => n),
    Promise.all([call]).then(([n]) => n),
    Promise.race([call, new Promise(() => {})]),
    Promise.resolve(call),
    call.finally(() => {}),
    (async () => await call)(),
  ];
  assertEquals(await Promise.all(waits), waits.map(() => 1));
  assertEquals([await call, await call.then((n) => n + 1)], [1, 2]);
});

Deno.test("everybody who waits for one call that fails is told, and nobody else hears of it", async () => {
  await using callee = await spawn(Callee, [], { placement: "inline" });
  const call = callee.call.fail();
  for (
    const wait of [
      async () => await call,
      () => call.then(() => {}),
      () => Promise.all([call]),
      () => call.finally(() => {}),
    ]
  ) {
    await assertRejects(wait, RangeError, "no");
  }
});

Deno.test("to look at the result of a call is not to wait for it", async () => {
  await using callee = await spawn(Callee, [], { placement: "inline" });
  const items = callee.call.two();
  assertInstanceOf(items, Promise);
  assert(Deno.inspect(items).includes("two"));
  assertEquals(Object.getPrototypeOf(items).constructor.name, "CallResult");
  assertEquals(await Array.fromAsync(items), [1, 2]);
});

Deno.test("a generator method that is awaited is a TypeError for everybody who awaits it", async () => {
  await using callee = await spawn(Callee, [], { placement: "inline" });
  const items = callee.call.two() as unknown as Promise<unknown>;
  const waits = [(async () => await items)(), items.then(() => {}), Promise.all([items])];
  for (const wait of waits) await assertRejects(() => wait, TypeError, "iterate its items");
});
