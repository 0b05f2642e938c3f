/** However many are started at once, a few load at a time, and the others wait for their turn. */

import { assertEquals, assertRejects } from "@std/assert";
import { activeChildren, type PlacementName, Process, StartError } from "@troupe/troupe";
import { assertNothingLeft } from "@troupe/troupe/testing";
import { type StartTurn, StartTurns, startTurns } from "../../../actors/start_turns.ts";
import { spin } from "./programs/sandboxed.ts";

Deno.test("turns are given in order, and whoever gives up waiting takes none", async () => {
  const turns = new StartTurns(2);
  const [first, second, third, fourth, fifth] = Array.from({ length: 5 }, () => turns.take());
  assertEquals([first, second, third].map(({ come }) => come === undefined), [true, true, false]);
  third.end();
  first.end();
  first.end();
  await fourth.come;
  let fifthCame = false;
  void fifth.come!.then(() => fifthCame = true);
  await Promise.resolve();
  assertEquals(fifthCame, false);
  fourth.end();
  await fifth.come;
  fifth.end();
  second.end();
  const again = [turns.take(), turns.take(), turns.take()];
  assertEquals(again.map(({ come }) => come === undefined), [true, true, false]);
  for (const turn of again) turn.end();
});

Deno.test("a turn that never ends is given on, and ending it later gives no other away", async () => {
  const turns = new StartTurns(1, 10);
  const [hanging, second, third] = [turns.take(), turns.take(), turns.take()];
  await second.come;
  hanging.end();
  second.end();
  await third.come;
  third.end();
  assertEquals([turns.take(), turns.take()].map(({ come, end }) => (end(), come === undefined)), [true, false]);
});

for (const placement of ["thread", "process"] satisfies PlacementName[]) {
  Deno.test(`a start that waits for its turn can be given up or ended, and launches nothing (${placement})`, async () => {
    const taken = takeAll();
    const giving = new AbortController();
    const given = new Process(spin, [], { placement, signal: giving.signal, startTimeoutMs: 1 });
    const killed = new Process(spin, [], { placement, startTimeoutMs: 1 });
    const stopped = new Process(spin, [], { placement, startTimeoutMs: 1 });
    const starting = [given, killed, stopped].map((process) => process.start());
    giving.abort(new Error("enough"));
    await assertRejects(() => starting[0], Error, "enough");
    void killed.kill();
    await assertRejects(() => starting[1], StartError);
    void stopped.stop();
    await assertRejects(() => starting[2], StartError);
    assertEquals([given, killed, stopped].map(({ pid }) => pid), [undefined, undefined, undefined]);
    for (const turn of taken) turn.end();
    assertEquals(activeChildren(), []);
    assertNothingLeft();
  });

  Deno.test(`a start whose turn comes later starts, and its time counts from then on (${placement})`, async () => {
    const taken = takeAll();
    await using late = new Process(spin, [], { placement });
    const starting = late.start();
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(late.pid, undefined);
    for (const turn of taken) turn.end();
    await starting;
    assertEquals(late.alive, true);
    await late.kill();
    assertNothingLeft();
  });
}

/** As if as many as may load at a time were loading. */
function takeAll(): StartTurn[] {
  const taken: StartTurn[] = [];
  while (true) {
    const turn = startTurns.take();
    if (turn.come === undefined) taken.push(turn);
    else {
      turn.end();
      return taken;
    }
  }
}
