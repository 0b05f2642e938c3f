/** An error that arrives keeps its class's promises, whatever the bytes say. */
import { assert, assertEquals, assertInstanceOf, assertNotInstanceOf } from "@std/assert";
import * as ours from "../../../../channels/errors.ts";
import { RemoteError, type TroupeError } from "../../../../channels/errors.ts";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode, encodeThrown, writeValue } from "../../../../channels/kernel/codec/encode.ts";
import { ERROR } from "../../../../channels/kernel/codec/extension.ts";
import { Writer } from "../../../../channels/kernel/codec/writer.ts";
import { NO_TEXT, WRONG_ERRORS } from "../../../conformance/fixtures/hostile_values.ts";
import { assertLawful } from "../../../conformance/lawful.ts";

const WRONG: readonly unknown[] = [
  { toString: 1, valueOf: 1 },
  7,
  null,
  undefined,
  true,
  [],
  ["x", 1],
  [NO_TEXT()],
  new Map(),
  new Date(0),
  5n,
  { code: 1, reason: "error", error: 1, signal: {} },
  { code: "1", reason: "error" },
  { code: 1, reason: "bored" },
];

/** An error as somebody else may write it. */
function forge(known: string | null, hidden: Record<string, unknown>, fields: Record<string, unknown>): Uint8Array {
  const writer = new Writer();
  const mark = writer.openExtension(ERROR);
  for (const text of [known, "Forged", "a message", null]) writeValue(writer, text, "text");
  for (const [key, value] of Object.entries(hidden)) {
    writeValue(writer, key, "key");
    writeValue(writer, value, "value");
  }
  writeValue(writer, null, "the end of those that are hidden");
  for (const [key, value] of Object.entries(fields)) {
    writeValue(writer, key, "key");
    writeValue(writer, value, "value");
  }
  writer.closeExtension(mark);
  return writer.finish();
}

const KNOWN = [
  null,
  "Error",
  "TypeError",
  "AggregateError",
  "DOMException",
  "troupe/Unheard",
  ...Object.keys(ours).map((name) => `troupe/${name}`),
];
const FIELDS = ["name", "code", "timeoutMs", "path", "kind", "exit", "address", "cycle", "child", "restarts", "bytes"];
const HIDDEN = ["name", "cause", "errors", "error", "suppressed"];

Deno.test("an error whose bytes say anything of its fields arrives as what its class promises", () => {
  for (const known of KNOWN) {
    assertLawful(decode(forge(known, {}, {})), `${known} without fields`);
    for (const wrong of WRONG) {
      for (const key of FIELDS) assertLawful(decode(forge(known, {}, { [key]: wrong })), `${known}: ${key}`);
      for (const key of HIDDEN) assertLawful(decode(forge(known, { [key]: wrong }, {})), `${known}: hidden ${key}`);
      const all = Object.fromEntries(FIELDS.map((key) => [key, wrong]));
      assertLawful(decode(forge(known, Object.fromEntries(HIDDEN.map((key) => [key, wrong])), all)), `${known}: all`);
    }
  }
});

Deno.test("an error that does not keep what its class promises stands for one of a class that is not known", () => {
  const error = decode(forge("troupe/TimeoutError", {}, { name: "TimeoutError", code: "timeout", timeoutMs: "5" }));
  assertInstanceOf(error, RemoteError);
  assertNotInstanceOf(error, ours.TimeoutError);
  assertEquals([error.name, error.message, error.code], ["Forged", "a message", "timeout"]);
  assertEquals((error as unknown as { timeoutMs: string }).timeoutMs, "5");
});

Deno.test("a name that is no text is left out; the code of another's class is a text", () => {
  const named = decode(forge(null, {}, { name: NO_TEXT(), code: 404 })) as RemoteError;
  assertEquals([named.name, named.code, `${named}`], ["Forged", "404", "Forged: a message"]);
  assertEquals((decode(forge("TypeError", { name: 7 }, {})) as Error).name, "Forged");
});

Deno.test("errors that were made wrong arrive as what their classes promise", () => {
  for (const [name, make] of Object.entries(WRONG_ERRORS)) {
    const error = decode(encodeThrown(make()));
    assert(Error.isError(error), name);
    assertLawful(error, name);
  }
});

Deno.test("errors that were made right arrive as themselves", () => {
  const right: TroupeError[] = [
    new ours.TimeoutError("m", { timeoutMs: 5 }),
    new ours.EmptyError("m", { timeoutMs: Infinity }),
    new ours.ActorExitedError("m", { exit: { code: 1, reason: "error", error: NO_TEXT() }, address: "a#1" }),
    new ours.DeadlockError("m", { cycle: [] }),
    new ours.RestartLimitError("m", { child: "", restarts: 0 }),
    new ours.BufferTooShortError("m", { bytes: new Uint8Array() }),
    new ours.NotSerializableError("m", { path: "", kind: "" }),
  ];
  for (const error of right) {
    const arrived = decode(encode(error, "error"));
    assertEquals(Object.getPrototypeOf(arrived), Object.getPrototypeOf(error), error.name);
    assertEquals({ ...arrived as object }, { ...error });
  }
});
