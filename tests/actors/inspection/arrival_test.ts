import { assert, assertEquals } from "@std/assert";
import { partFrom } from "../../../actors/inspection/arrival.ts";
import type { Part } from "../../../actors/inspection/report.ts";
import { INJECTION, NO_TEXT } from "../../conformance/fixtures/hostile_values.ts";
import { assertShown } from "../../conformance/lawful.ts";

const party = { address: "f00d.1#1", name: "Echo-1" };
const actor = {
  ...party,
  placement: "thread",
  state: "running",
  mailbox: 1,
  handled: 2,
  failed: 3,
  restarts: 4,
  busyMs: 5,
  children: [],
} as const;
const PART: Part = {
  tree: { ...actor, children: [{ ...actor, state: "busy" }] },
  queues: [{ address: "f00d#3", kind: "Queue", size: 1, maxSize: 0, putters: [party], takers: [party] }],
  locks: [{ address: "f00d#4", kind: "Lock", permits: 1, owners: [party], waiters: [{ ...party, wait: 7 }] }],
  calls: [{ from: party, to: party, method: "say", ageMs: 5 }],
  places: [party],
};

/** The same with one of its fields, at any depth, replaced in turn. */
function* variants(value: unknown, replace: (old: unknown) => unknown): Generator<unknown> {
  if (typeof value === "object" && value !== null) {
    for (const key of Object.keys(value)) {
      const old = Reflect.get(value, key);
      const put = (item: unknown) => Array.isArray(value) ? value.with(Number(key), item) : { ...value, [key]: item };
      yield put(replace(old));
      for (const variant of variants(old, replace)) yield put(variant);
    }
  }
}

/** All texts in it. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

Deno.test("a report arrives as it was told", () => assertEquals(partFrom(JSON.stringify(PART)), PART));

Deno.test("a report with a field of a wrong type is none", () => {
  let count = 0;
  for (const wrong of [NO_TEXT(), null, undefined, true, [NO_TEXT()], [null], { tree: PART }, Symbol("s")]) {
    for (const variant of variants(PART, () => wrong)) {
      count++;
      assertEquals(partFrom(JSON.stringify(variant)), undefined);
    }
  }
  assert(count > 400);
  for (const other of [undefined, null, 5, "text", [], PART.tree]) {
    assertEquals(partFrom(JSON.stringify(other)), undefined);
  }
});

Deno.test("a report with a hole in a list is none", () => {
  const count = (value: unknown): number =>
    typeof value !== "object" || value === null
      ? 0
      : Object.values(value).reduce((sum, field) => sum + count(field), Array.isArray(value) ? 1 : 0);
  let holes = 0;
  for (const variant of variants(PART, (old) => Array.isArray(old) ? [...old, , ...old] : old)) {
    if (JSON.stringify(variant) === JSON.stringify(PART)) continue;
    holes++;
    assertEquals(partFrom(JSON.stringify(variant)), undefined);
  }
  assertEquals(holes, count(PART));
});

Deno.test("nothing comes with a report but the report, and its texts are shown harmlessly", () => {
  const bomb = Array(100).fill(Array(100).fill("x"));
  const extended = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(extended)
      : typeof value === "object" && value !== null
      ? { ...Object.fromEntries(Object.entries(value).map(([key, field]) => [key, extended(field)])), more: bomb }
      : value;
  assertEquals(partFrom(JSON.stringify(extended(PART))), PART);
  for (const variant of variants(PART, (old) => typeof old === "string" ? INJECTION : old)) {
    for (const text of textsIn(partFrom(JSON.stringify(variant)))) assertShown(text, "a report");
  }
});

Deno.test("a long report is read of an isolate with the same rights alone", () => {
  const text = JSON.stringify({ ...PART, places: Array.from({ length: 50_000 }, () => party) });
  assertEquals([partFrom(text) === undefined, partFrom(text, true)], [false, undefined]);
  assertEquals(partFrom(JSON.stringify(PART), true), PART);
});
