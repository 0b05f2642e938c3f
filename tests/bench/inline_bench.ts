/**
 * Actors in one isolate: casts, calls, starting them, and what each takes; beside nact, XState, a bare loop and Erlang.
 *
 * @module
 */

import { logger, type Ref, spawn } from "../../mod.ts";
import { Echo } from "./echo.ts";
import { perSecond } from "./goal.ts";
import {
  type Absent,
  type Alternative,
  compare,
  inBursts,
  oneByOne,
  printMachine,
  quick,
  readings,
} from "./harness.ts";
import { bareLoop, type InlinePeer, nact, xstate } from "./inline_peers.ts";
import { erlang } from "./other_program.ts";

const SYNC = "Troupe, sync method";
const ASYNC = "Troupe, async method";
/** So many casts are sent before it is waited until they are handled: as many as a mailbox takes. */
const BURST = 1000;

// A mailbox that fills would be a line.
logger.level = "error";
printMachine();
await using stack = new AsyncDisposableStack();
const echo = stack.use(await spawn(Echo, [], { placement: "inline" }));
const peers = [bareLoop(), nact(), xstate()];
const other = stack.use(await erlang("inline_peer"));

function casting(name: string, cast: (n: number) => void, fence: () => Promise<unknown>): Alternative {
  return { name, run: (count) => inBursts(BURST, count, cast, fence) };
}

await compare({
  title: "Inline casts, until the last is handled",
  show: "rate",
  alternatives: [
    casting(SYNC, (n) => echo.cast.count(n), () => echo.call.casts()),
    casting(ASYNC, (n) => echo.cast.countLater(n), () => echo.call.casts()),
    ...peers.map(({ name, cast, fence }) => casting(name, cast, fence)),
    other.alternative("process", "cast"),
  ],
  goals: [
    { of: SYNC, than: "Erlang process", times: 1 },
    // As it was seen, where there is no Erlang to ask.
    { of: SYNC, atMost: perSecond(6.4e6) },
    { of: ASYNC, atMost: perSecond(2e6) },
  ],
});

await compare({
  title: "Inline calls, one at a time",
  show: "time",
  alternatives: [
    { name: SYNC, run: (count) => oneByOne(count, (n) => echo.call.echo(n)) },
    { name: ASYNC, run: (count) => oneByOne(count, (n) => echo.call.echoLater(n)) },
    ...peers.flatMap(({ name, call }) => call === undefined ? [] : { name, run: (n: number) => oneByOne(n, call) }),
    other.alternative("process", "call"),
  ],
  goals: [{ of: SYNC, atMost: 1 }],
});

const makers = peers.filter((peer): peer is InlinePeer & Required<Pick<InlinePeer, "make">> => "make" in peer);
await compare({
  title: "Inline spawn",
  show: "time",
  alternatives: [
    {
      name: "Troupe",
      async run(count) {
        const refs = await spawnMany(count);
        return () => Promise.all(refs.map((ref) => ref.kill()));
      },
    },
    ...makers.map(({ name, make }): Alternative => ({
      name,
      run(count) {
        const ends = Array.from({ length: count }, make);
        return Promise.resolve(() => Promise.all(ends.map((end) => end())));
      },
    })),
    other.alternative("process", "spawn"),
  ],
});

const live = quick ? 20_000 : 1_000_000;
const weights = new Map<string, number>();
const absent: Absent[] = [];
{
  const refs: Ref<Echo>[] = [];
  const before = heapBytes();
  for (let left = live; left > 0; left -= 10_000) refs.push(...await spawnMany(10_000));
  weights.set("Troupe", (heapBytes() - before) / live);
  if (await refs.at(-1)!.call.echo(1) !== 1) throw new Error("The last of many actors does not answer");
  for (const ref of refs) await ref.kill();
}
for (const { name, make } of makers) {
  const [before, count] = [heapBytes(), Math.min(live, 100_000)];
  const ends = Array.from({ length: count }, make);
  weights.set(name, (heapBytes() - before) / count);
  for (const end of ends) end();
}
if (other.isHere) weights.set("Erlang process", await other.figure("memory", live));
else absent.push({ name: "Erlang process", absent: "there is no erl" });
readings(`Memory of an inline actor, ${live.toLocaleString("en")} live`, "bytes", weights, [
  { of: "Troupe", atMost: 1024 },
], absent);

async function spawnMany(count: number): Promise<Ref<Echo>[]> {
  const refs: Ref<Echo>[] = [];
  for (let i = 0; i < count; i++) refs.push(await spawn(Echo, [], { placement: "inline" }));
  return refs;
}

function heapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Deno.memoryUsage().heapUsed;
}
