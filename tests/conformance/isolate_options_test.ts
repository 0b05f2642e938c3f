/** What concerns a thread or subprocess can be said of every one that is started: of an actor's, a worker's, a manager's. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ActorExitedError,
  child,
  type IsolateOptions,
  manage,
  manager,
  type PlacementName,
  Pool,
  spawn,
  StartError,
  supervise,
  supervisor,
} from "../../mod.ts";
import { eachPlacement, oneTest, PLACEMENTS, within } from "./actor_contract.ts";
import { Looker, spinFor, type Surroundings, surroundings } from "./fixtures/surroundings.ts";

type Options = IsolateOptions & { readonly placement: PlacementName };

/** Has something looked at where `options` had an isolate started. */
const STARTS: Record<string, (options: Options) => Promise<Surroundings>> = {
  async "an actor"(options) {
    await using looker = await spawn(Looker, [], options);
    return await looker.call.look();
  },
  async "a pool"(options) {
    await using pool = new Pool({ ...options, size: 1 });
    return await pool.run(surroundings);
  },
  async "a supervised child"(options) {
    await using app = await supervise({ looker: child(Looker, [], options) });
    return await app.refs.looker.call.look();
  },
  async "a supervisor"(options) {
    await using app = await supervise({ looker: child(Looker, [], { placement: "inline" }) }, options);
    return await app.refs.looker.call.look();
  },
  async "a supervisor below another"(options) {
    const inner = supervisor({ looker: child(Looker, [], { placement: "inline" }) }, options);
    await using app = await supervise({ inner });
    return await app.refs.inner.refs.looker.call.look();
  },
  async "a manager"(options) {
    await using app = await manage({ looker: child(Looker, [], { placement: "inline" }) }, options);
    return await app.refs.looker.call.look();
  },
  async "a manager below a supervisor"(options) {
    const inner = manager({ looker: child(Looker, [], { placement: "inline" }) }, options);
    await using app = await supervise({ inner });
    return await app.refs.inner.refs.looker.call.look();
  },
  async "a manager's pool"(options) {
    await using shared = await manage({}, { placement: "thread" });
    await using pool = await shared.pool({ ...options, size: 1 });
    return await pool.run(surroundings);
  },
};

for (const [what, look] of Object.entries(STARTS)) {
  oneTest(`${what} in a subprocess has the permissions, environment, flags and heap that were asked for`, async () => {
    const found = await look({
      placement: "process",
      permissions: { read: true, env: true, sys: true },
      env: { TROUPE_TEST: "here" },
      denoArgs: ["--location=http://troupe.test/"],
      maxHeapMb: 300,
    });
    const { heapMb, ...rest } = found;
    const asked = { mayRead: true, mayConnect: false, variable: "here", location: "http://troupe.test/" };
    assertEquals(rest, asked);
    assert(heapMb >= 300 && heapMb < 600, `it may use ${heapMb} MiB`);
  });

  oneTest(`${what} in a subprocess rejects with StartError when it takes too long to start`, async () => {
    await assertRejects(() => look({ placement: "process", startTimeoutMs: 1 }), StartError);
  });

  for (const placement of PLACEMENTS.filter((placement) => placement !== "process")) {
    oneTest(`${what} (${placement}) rejects with StartError when asked for what it cannot enforce`, async () => {
      const unenforceable = { permissions: "none", env: {}, denoArgs: [], maxHeapMb: 300, quota: {} };
      for (const [option, value] of Object.entries(unenforceable)) {
        const error = await assertRejects(() => look({ placement, [option]: value }), StartError);
        const said = `${option} can be enforced only with placement "process", not "${placement}"`;
        assert(messages(error).some((message) => message.endsWith(said)), messages(error).join("; "));
      }
    });
  }
}

for (const placement of PLACEMENTS.filter((placement) => placement !== "inline")) {
  oneTest(`a worker whose event loop hangs for longer than livenessMs is replaced (${placement})`, async () => {
    await using pool = new Pool({ placement, size: 1, livenessMs: 300 });
    assert((await pool.run(surroundings)).mayRead);
    const error = await assertRejects(() => within(pool.run(spinFor, [60_000])), ActorExitedError);
    assertEquals(error.exit.reason, "unresponsive");
    assert((await pool.run(surroundings)).mayRead);
  });

  oneTest(`a manager whose event loop hangs for longer than livenessMs ends (${placement})`, async () => {
    const options = { placement, livenessMs: 300 };
    await using app = await manage({ looker: child(Looker, [], { placement: "inline" }) }, options);
    app.refs.looker.cast.spin(60_000);
    assertEquals((await within(app.exited)).reason, "unresponsive");
  });
}

eachPlacement("a pool of which nothing is asked has the isolate of its maker's rights", async (placement) => {
  await using pool = new Pool({ placement, size: 1 });
  const { mayRead, mayConnect } = await pool.run(surroundings);
  assertEquals({ mayRead, mayConnect }, { mayRead: true, mayConnect: true });
});

/** What an error and its causes say. */
function messages(error: unknown): string[] {
  return error instanceof Error ? [error.message, ...messages(error.cause)] : [];
}
