/**
 * Actors in one isolate: casts, calls, and starting them; beside nact, XState, a bare loop and Erlang.
 *
 * @module
 */

import { logger, type Ref, spawn } from "../../mod.ts";
import { Echo } from "./echo.ts";
import { type Alternative, casting, repeating } from "./harness.ts";
import { bareLoop, type InlinePeer, nact, xstate } from "./inline_peers.ts";
import { suite } from "./suite.ts";

const SYNC = "Troupe, sync method";
const ASYNC = "Troupe, async method";
/** So many casts are sent before it is waited until they are handled: as many as a mailbox takes. */
const BURST = 1000;

// A mailbox that fills would be a line.
logger.level = "error";
await suite(import.meta.main, async ({ compare, erlang, stack }) => {
  const echo = stack.use(await spawn(Echo, [], { placement: "inline" }));
  const peers = [bareLoop(), nact(), xstate()];
  const other = await erlang("inline_peer");

  await compare({
    title: "Inline casts, until the last is handled",
    show: "rate",
    batch: BURST,
    alternatives: [
      casting(SYNC, BURST, (n) => echo.cast.count(n), () => echo.call.casts()),
      casting(ASYNC, BURST, (n) => echo.cast.countLater(n), () => echo.call.casts()),
      ...peers.map(({ name, cast, fence }) => casting(name, BURST, cast, fence)),
      other.alternative("process", "cast"),
    ],
  });

  await compare({
    title: "Inline calls, one at a time",
    show: "time",
    batch: 1000,
    alternatives: [
      repeating(SYNC, (n) => echo.call.echo(n)),
      repeating(ASYNC, (n) => echo.call.echoLater(n)),
      ...peers.flatMap(({ name, call }) => call === undefined ? [] : repeating(name, call)),
      other.alternative("process", "call"),
    ],
  });

  const makers = peers.filter((peer): peer is InlinePeer & Required<Pick<InlinePeer, "make">> => "make" in peer);
  await compare({
    title: "Inline spawn",
    show: "time",
    batch: 100,
    alternatives: [
      {
        name: "Troupe",
        async run(count, clock) {
          clock.start();
          const refs = await spawnMany(count);
          clock.end();
          await Promise.all(refs.map((ref) => ref.kill()));
        },
      },
      ...makers.map(({ name, make }): Alternative => ({
        name,
        run(count, clock) {
          clock.start();
          const ends = Array.from({ length: count }, make);
          clock.end();
          for (const end of ends) end();
          return Promise.resolve();
        },
      })),
      other.alternative("process", "spawn"),
    ],
  });
});

async function spawnMany(count: number): Promise<Ref<Echo>[]> {
  const refs: Ref<Echo>[] = [];
  for (let i = 0; i < count; i++) refs.push(await spawn(Echo, [], { placement: "inline" }));
  return refs;
}
