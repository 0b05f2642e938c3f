import { assertEquals, assertRejects } from "@std/assert";
import { whoActs } from "../../../channels/kernel/acting.ts";
import { ask } from "../../../channels/kernel/ask.ts";
import { packPlain } from "../../../channels/kernel/pack.ts";
import { Numbers } from "../../../channels/memory/numbers.ts";
import { NumbersCell } from "../../../channels/memory/numbers_cell.ts";

const VERBS = ["get", "set", "add", "compareExchange", "slice"];

Deno.test("shared numbers are asked for by an index that is one, and for no more than there are", async () => {
  const cell = new NumbersCell(Numbers.zeros("int32", 3));
  const told = (verb: string, ...values: unknown[]) =>
    ask(cell, { holder: whoActs.holder(), verb, body: packPlain(values), lost: () => new Error("lost") });
  // Texts that go on with a number wherever they are added to one, and lead to index 0 each time.
  const indexes = ["-0.5", ".", "0", -0.5, 0.5, NaN, Infinity, -1, null, undefined, [], new Map(), 1n, 4, 2 ** 53];
  for (const index of indexes) {
    for (const verb of VERBS) await assertRejects(() => told(verb, index, 1_000_000, 0));
  }
  for (const end of ["3", NaN, Infinity, 4, 1_000_000, -1, undefined]) {
    await assertRejects(() => told("slice", 0, end));
  }
  assertEquals([await told("slice", 0, 3), await told("slice", 3, 3)], [[0, 0, 0], []]);
});
