/** Actors of one isolate that never stop talking keep nothing else out. */

import { assertEquals } from "@std/assert";
import { delay } from "@std/async";
import { spawn } from "../../mod.ts";
import { oneTest } from "./actor_contract.ts";
import { Tosser } from "./fixtures/tossers.ts";

oneTest("two inline actors that cast to each other for ever keep out neither timers nor calls", async () => {
  await using one = await spawn(Tosser, [], { placement: "inline" });
  await using other = await spawn(Tosser, [], { placement: "inline" });
  one.cast.toss(other);
  let tosses = 0;
  while (tosses <= 100) {
    await delay(1);
    tosses = await one.call.tosses();
  }
  while (await other.call.tosses() <= tosses) await delay(1);
});

oneTest("an inline actor that casts to itself for ever keeps out neither timers nor its own end", async () => {
  const one = await spawn(Tosser, [], { placement: "inline" });
  one.cast.again();
  do await delay(1); while (await one.call.tosses() <= 100);
  assertEquals((await one.stop()).reason, "stopped");
});

oneTest("a caller that calls an inline actor for ever keeps no timer out", async () => {
  await using one = await spawn(Tosser, [], { placement: "inline" });
  let over = false;
  setTimeout(() => over = true, 1);
  while (!over) await one.call.tosses();
});

oneTest("who starts and stops inline actors for ever keeps no timer out", async () => {
  let over = false;
  setTimeout(() => over = true, 1);
  while (!over) await (await spawn(Tosser, [], { placement: "inline" })).stop();
});
