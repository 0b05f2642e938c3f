/** However many are started at once, a few load at a time, and the others wait for their turn. */

import { assertEquals, assertRejects } from "@std/assert";
import { activeChildren, type PlacementName, Process, StartError } from "@troupe/troupe";
import { LOADING_MS } from "../../../actors/start_deadline.ts";
import { type StartTurn, StartTurns, startTurns } from "../../../actors/start_turns.ts";
import { wheel } from "../../../channels/kernel/wheel.ts";
import { bounded, turns as eventLoopTurns } from "../../conformance/bounded.ts";
import { spin } from "./programs/sandboxed.ts";

bounded("turns are given in order, and a wait that is given up takes none", async () => {
  const turns = new StartTurns(2);
  const came: number[] = [];
  const taken = Array.from({ length: 6 }, (_, at) => {
    const turn = turns.take();
    void turn.come?.then(() => came.push(at));
    return turn;
  });
  assertEquals(taken.map(({ come }) => come === undefined), [true, true, false, false, false, false]);
  const cameAfterEndOf = async (...ended: number[]) => {
    for (const at of ended) taken[at].end();
    await eventLoopTurns();
    return came.splice(0);
  };
  // Neither the first of those who wait gives its place to another, nor one behind it.
  assertEquals(await cameAfterEndOf(2, 4), []);
  assertEquals(await cameAfterEndOf(0, 0), [3]);
  assertEquals(await cameAfterEndOf(3), [5]);
  assertEquals(await cameAfterEndOf(5, 1), []);
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
  bounded(`a start that waits for its turn can be given up or ended, and launches nothing (${placement})`, async () => {
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
  });

  bounded(`a start whose turn comes later starts, and its time counts from then on (${placement})`, async () => {
    const taken = takeAll();
    using limits = new Limits();
    await using late = new Process(spin, [], { placement });
    const starting = late.start();
    await eventLoopTurns();
    assertEquals([late.pid, limits.long], [undefined, []]);
    for (const turn of taken) turn.end();
    await starting;
    // One is the turn's, and one the start's.
    assertEquals([late.alive, limits.long], [true, [LOADING_MS, LOADING_MS]]);
    await late.kill();
  });
}

/** Notes how long each wait of this isolate may take. */
class Limits implements Disposable {
  readonly #all: number[] = [];
  readonly #after = wheel.after;

  constructor() {
    wheel.after = (ms, fire) => {
      this.#all.push(ms);
      return this.#after.call(wheel, ms, fire);
    };
  }

  /** Of those that are as long as loading may take. */
  get long(): readonly number[] {
    return this.#all.filter((ms) => ms >= LOADING_MS);
  }

  [Symbol.dispose](): void {
    wheel.after = this.#after;
  }
}

/** Takes all turns, as if as many isolates were loading as may at a time. */
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
