/** What a system costs that has nothing to do. */

import { assertLess } from "@std/assert";
import { delay } from "@std/async";
import process from "node:process";
import { type Ref, spawn } from "../../mod.ts";
import { rounds } from "../soak.ts";
import { Vandal } from "./fixtures/vandal.ts";

/** A longer look at more threads says more. */
const THREADS = rounds(8, 32);
/** Not so long that V8 compacts the memory of each, as it does once after half a minute, also of a bare thread. */
const LOOK_MS = rounds(1000, 10_000);

Deno.test(`${THREADS} threads that have nothing to do use less than 2 % of a core for ${LOOK_MS} ms, and wake when asked`, async () => {
  await using threads = new AsyncDisposableStack();
  const refs: Ref<Vandal>[] = [];
  while (refs.length < THREADS) refs.push(threads.use(await spawn(Vandal, [], { placement: "thread" })));
  for (let i = 0; i < 100; i++) await Promise.all(refs.map((ref) => ref.call.ping()));
  // What was only just started is still being compiled and collected.
  await delay(500);
  const before = process.cpuUsage();
  await delay(LOOK_MS);
  const { user, system } = process.cpuUsage(before);
  assertLess((user + system) / 1000, LOOK_MS * 0.02);
  await Promise.all(refs.map((ref) => ref.call.ping()));
});
