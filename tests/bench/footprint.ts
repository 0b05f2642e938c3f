/**
 * Memory that an inline actor takes: one of very many, beside those of nact, XState and Erlang, and one of a supervisor.
 *
 * @module
 */

import { child, logger, type Ref, spawn, supervise } from "../../mod.ts";
import { Echo } from "./echo.ts";
import { type Absent, heapBytes, printMachine, quick, readings } from "./harness.ts";
import { nact, xstate } from "./inline_peers.ts";
import { Erlang } from "./other_program.ts";

const live = quick ? 20_000 : 1_000_000;
const supervised = quick ? 1000 : 10_000;

logger.level = "error";
printMachine();
await using other = new Erlang("inline_peer");
await other.start();
const weights = new Map<string, number>();
const absent: Absent[] = [];
{
  const refs: Ref<Echo>[] = [];
  const before = heapBytes();
  while (refs.length < live) refs.push(await spawn(Echo, [], { placement: "inline" }));
  weights.set("Troupe", (heapBytes() - before) / live);
  if (await refs.at(-1)!.call.echo(1) !== 1) throw new Error("The last of many actors does not answer");
  for (const ref of refs) await ref.kill();
}
{
  const before = heapBytes();
  const children = Array.from({ length: supervised }, (_, n) => [`c${n}`, child(Echo, [], { placement: "inline" })]);
  await using _app = await supervise(Object.fromEntries(children));
  weights.set("Troupe, supervised, with its description", (heapBytes() - before) / supervised);
}
for (const { name, make } of [nact(), xstate()]) {
  const [before, count] = [heapBytes(), Math.min(live, 100_000)];
  const ends = Array.from({ length: count }, make!);
  weights.set(name, (heapBytes() - before) / count);
  for (const end of ends) end();
}
if (other.isHere) weights.set("Erlang process", await other.figure("memory", live));
else absent.push({ name: "Erlang process", absent: "there is no erl" });
readings("Memory of an inline actor", "bytes", weights, absent);
