import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { NotSerializableError } from "../../../../channels/errors.ts";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode, encodeThrown } from "../../../../channels/kernel/codec/encode.ts";
import { Snapshot } from "../../../../channels/kernel/snapshot.ts";
import { assertSame, difference } from "./assert_same.ts";
import { type Row, TABLE } from "./value_table.ts";

const rows = Object.entries(TABLE);
const arrived = ({ make, arrives = make }: Row): unknown => arrives();

/** What `structuredClone` does. */
function verdictOf(row: Row): "keeps" | "loses" | "refuses" {
  try {
    return difference(structuredClone(row.make()), arrived(row)) === undefined ? "keeps" : "loses";
  } catch {
    return "refuses";
  }
}

Deno.test("the table has at least a hundred values", () => assert(rows.length >= 100));

for (const [name, row] of rows) {
  Deno.test(`${name}: ${row.refused === undefined ? "arrives" : "is refused with its path"}, whatever is around it`, () => {
    const ways: [string, (value: unknown) => unknown, (arrived: never) => unknown][] = [
      ["", (value) => value, (value) => value],
      ["[1].deep", (value) => [0, { deep: value }], (value: [0, { deep: unknown }]) => value[1].deep],
      [".get(1)", (value) => new Map([[1, value]]), (value: Map<number, unknown>) => value.get(1)],
      [
        ".first[0].n",
        (value) => ((o) => ({ first: [o], second: o }))({ n: value }),
        (value: { second: { n: unknown } }) => value.second.n,
      ],
    ];
    for (const [path, wrap, unwrap] of ways) {
      if (row.refused === undefined) {
        assertSame(unwrap(decode(encode(wrap(row.make()), "value")) as never), arrived(row));
      } else {
        const error = assertThrows(() => encode(wrap(row.make()), "value"), NotSerializableError);
        assertEquals([error.kind, error.path], [row.refused, `value${path}${row.at ?? ""}`]);
      }
    }
  });

  Deno.test(`${name}: the same as a field of what is thrown, where what is refused is left out`, () => {
    const thrown = decode(encodeThrown(Object.assign(new Error("e"), { field: row.make() }))) as Error;
    assertInstanceOf(thrown, Error);
    if (row.refused === undefined) assertSame((thrown as { field?: unknown }).field, arrived(row));
    else assertEquals("field" in thrown, false);
  });

  Deno.test(`${name}: the same within an isolate, with the codec or without it`, () => {
    for (const wrap of [(value: unknown) => value, (value: unknown) => [{ value }]]) {
      const snapshot = Snapshot.of(wrap(row.make()));
      if (row.refused !== undefined) assertEquals(snapshot, undefined);
      else if (snapshot !== undefined) assertSame(snapshot.take(), decode(encode(wrap(row.make()), "value")));
    }
  });

  Deno.test(`${name}: structuredClone ${row.clone === undefined ? "does the same" : `${row.clone[0]} it`}`, () => {
    const verdict = row.clone?.[0] ?? (row.refused === undefined ? "keeps" : "refuses");
    assertEquals(verdictOf(row), verdict);
  });
}
