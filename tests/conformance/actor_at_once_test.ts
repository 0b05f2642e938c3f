/** On whose behalf a method runs that is done when it returns, again and again. */

import { assertEquals } from "@std/assert";
import { SelfAware } from "./fixtures/self_aware.ts";
import { callsOf, everywhere, until } from "./pipe_everywhere.ts";

everywhere("current() is the actor and its call in every call of a method that is done at once", async (world) => {
  const calls = callsOf(await world.spawn(SelfAware, []));
  const first = await calls.now();
  assertEquals(first[1], true);
  for (let i = 0; i < 20; i++) assertEquals(await calls.now(), first);
});

everywhere("a method that is seen to wait keeps its call while it does", async (world) => {
  const calls = callsOf(await world.spawn(SelfAware, []));
  for (const waits of [true, false, false, true, true]) {
    const said = await calls.soon(waits) as [string, boolean][];
    assertEquals(said.map(([, inCall]) => inCall), waits ? [true, true] : [true]);
    assertEquals(new Set(said.map(([name]) => name)).size, 1);
  }
});

everywhere("a timer that such a method leaves behind is its actor's", async (world) => {
  const calls = callsOf(await world.spawn(SelfAware, []));
  const [name] = await calls.now();
  for (let i = 0; i < 3; i++) {
    await calls.left();
    // Not in one turn: an inline actor answers in this one, and the timer would never come.
    await until(async () => await calls.whatWasLeft() !== undefined, "the timer has been");
    assertEquals(await calls.whatWasLeft(), name);
  }
});
