import { assertEquals, assertThrows } from "@std/assert";
import {
  type BackoffOptions,
  budgetOf,
  comesBack,
  RestartCounter,
  type RestartType,
} from "../../../actors/supervision/restart_policy.ts";
import type { Exit } from "../../../mod.ts";

/** A counter whose time and chance the test has in its hand. */
function counter(options: { maxRestarts?: number; withinMs?: number; backoff?: BackoffOptions }, chance = 0.5) {
  let now = 0;
  const restarts = new RestartCounter(budgetOf("test", options), () => now, () => chance);
  return {
    restarts,
    child: { failures: 0 },
    after(ms: number) {
      now += ms;
    },
  };
}

Deno.test("so many restarts as maxRestarts says are allowed, and no more", () => {
  for (const maxRestarts of [0, 1, 3, 10]) {
    const { restarts, child } = counter({ maxRestarts });
    const answers = Array.from({ length: maxRestarts + 1 }, () => restarts.next(child, 0));
    assertEquals(answers, [...Array(maxRestarts).fill(0), undefined]);
    assertEquals(restarts.count(child) - 1, maxRestarts);
  }
});

Deno.test("the window slides: a restart counts for withinMs from when it was needed", () => {
  const { restarts, child, after } = counter({ maxRestarts: 2, withinMs: 1000 });
  assertEquals(restarts.next(child, 0), 0); // at 0
  after(999);
  assertEquals(restarts.next(child, 0), 0); // at 999
  after(1);
  assertEquals(restarts.next(child, 0), 0); // at 1000, when the first is out of it
  after(998);
  assertEquals(restarts.next(child, 0), undefined); // at 1998: those at 999 and 1000 count
});

Deno.test("the restarts of all children of a supervisor count together", () => {
  const { restarts, child, after } = counter({ maxRestarts: 2 });
  const other = { failures: 0 };
  restarts.next(child, 0);
  after(10);
  restarts.next(other, 0);
  assertEquals(restarts.next(child, 0), undefined);
});

Deno.test("maxRestarts and withinMs may be Infinity", () => {
  const ever = counter({ maxRestarts: Infinity });
  for (let i = 0; i < 10_000; i++) assertEquals(ever.restarts.next(ever.child, 0), 0);
  const always = counter({ maxRestarts: 1, withinMs: Infinity });
  always.restarts.next(always.child, 0);
  always.after(1e12);
  assertEquals(always.restarts.next(always.child, 1e12), undefined);
});

Deno.test("each wait in a row is longer by the factor, up to maxMs", () => {
  const { restarts, child } = counter({ maxRestarts: 100, backoff: { minMs: 100, maxMs: 1000, factor: 3 } });
  assertEquals(Array.from({ length: 5 }, () => restarts.next(child, 0)), [100, 300, 900, 1000, 1000]);
});

Deno.test("chance adds to the wait, or takes away, no more than jitter says, and never beyond maxMs", () => {
  const backoff = { minMs: 100, maxMs: 110, jitter: 0.5 };
  const next = (chance: number) => {
    const { restarts, child } = counter({ backoff }, chance);
    return restarts.next(child, 0);
  };
  assertEquals([next(0), next(0.5), next(0.99999)], [50, 100, 110]);
});

Deno.test("with backoff failures in a row count too, which a window alone never counts", () => {
  const { restarts, child, after } = counter({ maxRestarts: 3, withinMs: 10, backoff: { minMs: 100, maxMs: 1000 } });
  const answers = Array.from({ length: 4 }, () => {
    after(500);
    return restarts.next(child, 400);
  });
  assertEquals(answers, [100, 200, 400, undefined]);
});

Deno.test("without backoff only the window counts", () => {
  const { restarts, child, after } = counter({ maxRestarts: 1, withinMs: 10 });
  for (let i = 0; i < 100; i++) {
    after(10);
    assertEquals(restarts.next(child, 0), 0);
  }
});

Deno.test("a child that has lived long begins a new row, and each child has its own", () => {
  const { restarts, child, after } = counter({ maxRestarts: 2, withinMs: 10, backoff: { minMs: 100, maxMs: 1000 } });
  const other = { failures: 0 };
  const next = (of: { failures: number }, livedMs: number) => {
    after(2000);
    return restarts.next(of, livedMs);
  };
  assertEquals([next(child, 0), next(other, 0), next(child, 0), next(other, 0)], [100, 100, 200, 200]);
  assertEquals([next(child, 1000), next(child, 0), next(child, 999)], [100, 200, undefined]);
});

Deno.test("no number of failures makes the wait anything but a number", () => {
  const { restarts, child } = counter({ maxRestarts: Infinity, backoff: { minMs: 1, maxMs: 50, factor: 1e300 } });
  for (let i = 0; i < 2000; i++) restarts.next(child, 0);
  assertEquals(restarts.next(child, 0), 50);
});

Deno.test("which exits bring a child back: all, the abnormal ones, or none", () => {
  const exits: [string, Exit][] = [
    ["done", { code: 0, reason: "normal" }],
    ["stopped", { code: 0, reason: "stopped" }],
    ["failed", { code: 1, reason: "error", error: new Error() }],
    ["exit(3)", { code: 3, reason: "error" }],
    ["killed", { code: -9, signal: "SIGKILL", reason: "killed" }],
    ["out of memory", { code: -5, signal: "SIGTRAP", reason: "out-of-memory" }],
    ["silent", { code: -9, signal: "SIGKILL", reason: "unresponsive" }],
  ];
  const back = (type: RestartType) => exits.filter(([, exit]) => comesBack(type, exit)).map(([name]) => name);
  assertEquals(back("permanent"), exits.map(([name]) => name));
  assertEquals(back("transient"), ["failed", "exit(3)", "killed", "out of memory", "silent"]);
  assertEquals(back("temporary"), []);
});

Deno.test("a budget that is no number is a TypeError, one out of range a RangeError, and says which", () => {
  const refused = (options: object, expected: typeof TypeError | typeof RangeError, name: string) =>
    assertThrows(() => void budgetOf("supervise", options), expected, `Cannot supervise: ${name} must be`);
  refused({ maxRestarts: NaN }, TypeError, "maxRestarts");
  refused({ maxRestarts: "3" }, TypeError, "maxRestarts");
  refused({ maxRestarts: -1 }, RangeError, "maxRestarts");
  refused({ withinMs: 0 }, RangeError, "withinMs");
  refused({ backoff: { minMs: -1 } }, RangeError, "backoff.minMs");
  refused({ backoff: { factor: 0.5 } }, RangeError, "backoff.factor");
  refused({ backoff: { jitter: 1.5 } }, RangeError, "backoff.jitter");
  refused({ backoff: { maxMs: NaN } }, TypeError, "backoff.maxMs");
  assertThrows(
    () => void budgetOf("supervise", { backoff: null as unknown as BackoffOptions }),
    TypeError,
    "backoff must be an object",
  );
});
