import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ActorExitedError, type Exit, Queue, type Ref, spawn } from "../../mod.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { type Forged, Forger, Victim } from "./fixtures/life_forger.ts";
import { leavesNothing, soon } from "./fixtures/life_places.ts";

const KILLED: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };
const GUESS = "0".repeat(32);

interface Scene {
  /** In a subprocess that may do nothing. */
  readonly forger: Ref<Forger>;
  readonly forgerId: string;
  /** In a subprocess of its own. */
  readonly victim: Ref<Victim>;
  readonly victimId: string;
  /** In a thread. */
  readonly sibling: Ref<Victim>;
  readonly siblingId: string;
}

/** Runs a test among a forger, a subprocess and a thread, of which the last two must be as they were, and talk. */
function among(test: (scene: Scene) => Promise<void>): () => Promise<void> {
  return leavesNothing(async () => {
    await using forger = await spawn(Forger, [], { placement: "process", permissions: "none" });
    await using victim = await spawn(Victim, [], { placement: "process", concurrency: 2 });
    await using sibling = await spawn(Victim, [], { placement: "thread", concurrency: 2 });
    const forgerId = await forger.call.id();
    const held = Promise.all([victim, sibling].map((held) => held.with({ timeoutMs: Infinity }).call.hold()));
    held.catch(() => {});
    await test({
      forger,
      forgerId,
      victim,
      victimId: victim.address.split("#")[0],
      sibling,
      siblingId: sibling.address.split("#")[0],
    });
    assertEquals([victim.alive, sibling.alive], [true, true]);
    assertEquals(await soon(victim.call.ask(sibling)), "pong");
    assertEquals(await soon(sibling.call.ask(victim)), "pong");
    victim.cast.release("the truth");
    sibling.cast.release("the truth");
    assertEquals(await soon(held), ["the truth", "the truth"]);
  });
}

const ids = Array.from({ length: 200 }, (_, id) => id);
const lie = encode("a lie", "lie");

Deno.test(
  "replies and items in the name of others, or to what others were asked, reach nothing",
  among(
    async ({ forger, forgerId, victimId, siblingId }) => {
      const forged = [victimId, siblingId, isolate.id, `${victimId}.1`, forgerId].flatMap((from) =>
        ids.flatMap((id): Forged[] => [
          { kind: "reply", from, id, outcome: "value", body: lie },
          { kind: "reply", from, id, outcome: "lost", exit: KILLED },
          { kind: "item", from, id, tag: 1, body: lie },
        ])
      );
      await soon(forger.call.forge(forged));
      assertEquals(await soon(forger.call.ping()), "pong");
    },
  ),
);

Deno.test(
  "the end of others, told by one who cannot know, ends nobody",
  among(async ({ forger, forgerId, victimId, siblingId }) => {
    const forged = [isolate.id, victimId, siblingId, `${victimId}.1`].flatMap((gone) =>
      [isolate.id, victimId, siblingId].flatMap((to) =>
        [forgerId, isolate.id, victimId, siblingId].map((from): Forged => ({
          kind: "down",
          from,
          to,
          isolate: gone,
          exit: KILLED,
        }))
      )
    );
    await soon(forger.call.forge(forged));
    assertEquals(await soon(forger.call.ping()), "pong");
  }),
);

Deno.test(
  "requests to guessed slots with wrong secrets reach nothing",
  among(async ({ forger, victimId, siblingId }) => {
    const forged = [isolate.id, victimId, siblingId].flatMap((to) =>
      ids.flatMap((slot) =>
        ["kill", "stop", "terminate", "interrupt", "call", "start", "exit", "put", "close"].flatMap((verb): Forged[] =>
          ["", GUESS].map((secret) => (
            { kind: "send", to, slot, incarnation: 0, secret, holder: 1, id: 1_000_000 + slot, verb, detail: "release" }
          ))
        )
      )
    );
    await soon(forger.call.forge(forged));
    assertEquals(await soon(forger.call.ping()), "pong");
  }),
);

Deno.test(
  "leases with wrong secrets, and credit and cancellations of what others asked, reach nothing",
  among(
    async ({ forger, forgerId, victimId, siblingId }) => {
      const queue = new Queue<string>();
      const forged = [isolate.id, victimId, siblingId].flatMap((to) =>
        ids.flatMap((slot): Forged[] => [
          { kind: "release", to, slot, secret: GUESS, lease: "queue", holder: 1 },
          { kind: "release", to, slot, secret: "", lease: "queue", holder: 1 },
          { kind: "grant", to, slot, secret: GUESS, lease: "queue", holderIsolate: victimId, holder: 1, number: 0 },
          { kind: "cancel", to, id: slot },
          { kind: "cancel", to, from: victimId, id: slot },
          { kind: "taken", to, id: slot, kept: false },
          { kind: "credit", to, from: forgerId, slot, count: 1_000_000 },
        ])
      );
      await soon(forger.call.forge(forged));
      assertEquals(await soon(forger.call.ping()), "pong");
      await queue.put("kept");
      assertEquals(await queue.get(), "kept");
    },
  ),
);

Deno.test(
  "a message whose bytes or handles mean nothing harms neither the actor that gets it nor who passes it on",
  among(
    async ({ forger, forgerId, victimId, siblingId }) => {
      const stranger = {
        kind: "no such kind",
        target: { isolate: victimId, slot: 9, incarnation: 0, secret: GUESS },
        meta: null,
      };
      const route = { kind: "send", incarnation: 0, holder: 1, id: 7_000_000, verb: "call", detail: "ping" } as const;
      const forged = [isolate.id, victimId, siblingId, forgerId, "nobody"].flatMap((to) =>
        [0, 1, 2].flatMap((slot): Forged[] => [
          { ...route, to, slot, secret: GUESS, body: new Uint8Array([0xc1]) },
          { ...route, to, slot, secret: GUESS, body: lie, handles: [stranger] },
          { ...route, to, slot, secret: GUESS, body: lie, handles: [stranger], id: 0 },
        ])
      );
      await soon(forger.call.forge(forged));
      assertEquals(await soon(forger.call.ping()), "pong");
    },
  ),
);

const garbage: readonly [string, Uint8Array][] = [
  ["no bytes", new Uint8Array(0)],
  ["one byte that means nothing", new Uint8Array([0xc1])],
  ["random bytes", crypto.getRandomValues(new Uint8Array(1000))],
  ["a number where a name should be", encode(5, "n")],
  ["a route and nothing else", new Uint8Array([...encode(isolate.id, "to"), ...encode("x", "from")])],
];

for (const [what, bytes] of garbage) {
  Deno.test(
    `a frame of ${what} costs the subprocess that sent it, and nobody else`,
    among(async ({ forger, forgerId }) => {
      const frame = what === "a route and nothing else" ? routeOf(isolate.id, forgerId) : bytes;
      forger.cast.sendBytes(frame);
      const exit = await soon(forger.exited);
      assert(exit.reason === "error" || exit.reason === "killed", Deno.inspect(exit));
      await assertRejects(() => forger.call.ping(), ActorExitedError);
    }),
  );
}

function routeOf(to: string, from: string): Uint8Array {
  return new Uint8Array([...encode(to, "to"), ...encode(from, "from")]);
}

Deno.test(
  "a frame that is too long costs the subprocess that sent it, and nobody else",
  among(async ({ forger }) => {
    forger.cast.sendTooMuch(64 * 1024 * 1024 + 1);
    await soon(forger.exited);
    await assertRejects(() => forger.call.ping(), ActorExitedError);
  }),
);

Deno.test(
  "a malformed frame for a third one costs that one nothing",
  among(async ({ forger, forgerId, victimId, siblingId }) => {
    for (const to of [victimId, siblingId]) await soon(forger.call.sendBytes(routeOf(to, forgerId)));
    assertEquals(await soon(forger.call.ping()), "pong");
  }),
);

Deno.test(
  "a subprocess that hangs up and goes on is ended",
  among(async ({ forger }) => {
    const call = assertRejects(() => forger.with({ timeoutMs: Infinity }).call.hangUp(), ActorExitedError);
    assertEquals(await soon(forger.exited), KILLED);
    await soon(call);
  }),
);

Deno.test(
  "a subprocess that says it is gone is gone, alone",
  among(async ({ forger, forgerId }) => {
    forger.cast.forge([{ kind: "down", isolate: forgerId, exit: { code: 77, reason: "normal" } }]);
    await soon(forger.exited);
    await assertRejects(() => forger.call.ping(), ActorExitedError);
  }),
);

for (const how of ["stop", "kill"] as const) {
  Deno.test(
    `a child cannot ${how} the program itself`,
    among(async ({ forger }) => {
      const error = await assertRejects(() => soon(forger.call.end(how)), TypeError);
      assertEquals(
        error.message,
        `Cannot ${how} main: a subprocess with fewer permissions than its parent can only watch the parent`,
      );
      assertEquals(await soon(forger.call.ping()), "pong");
      await using trusted = await spawn(Forger, [], { placement: "process" });
      const same = await assertRejects(() => soon(trusted.call.end(how)), TypeError);
      assertEquals(same.message, `Cannot ${how} main: it is the program itself`);
      assertEquals(await soon(trusted.call.ping()), "pong");
    }),
  );
}

Deno.test(
  "a child that calls the program itself is told at once that it has no methods",
  among(async ({ forger }) => {
    const error = await assertRejects(() => soon(forger.call.callParent()), TypeError);
    assertStringIncludes(error.message, "Cannot call main.work: ");
  }),
);
