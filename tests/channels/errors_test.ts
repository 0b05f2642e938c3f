import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import * as errors from "../../channels/errors.ts";
import { decode } from "../../channels/kernel/codec/decode.ts";
import { encode, encodeThrown } from "../../channels/kernel/codec/encode.ts";

const cause = new TypeError("the cause");
const withCause = { cause };
const exit = { code: -9, signal: "SIGKILL", reason: "killed" } as const;

/** Every class, by its code, with the fields it carries. */
const table: Record<string, [error: errors.TroupeError, fields: Record<string, unknown>]> = {
  "closed": [new errors.ClosedError("m", withCause), {}],
  "disconnected": [new errors.DisconnectedError("m", withCause), {}],
  "direction": [new errors.DirectionError("m", withCause), {}],
  "timeout": [new errors.TimeoutError("m", { cause, timeoutMs: 5 }), { timeoutMs: 5 }],
  "empty": [new errors.EmptyError("m", { cause, timeoutMs: 5 }), { timeoutMs: 5 }],
  "full": [new errors.FullError("m", { cause, timeoutMs: 5 }), { timeoutMs: 5 }],
  "not-serializable": [new errors.NotSerializableError("m", { cause, path: "p", kind: "k" }), { path: "p", kind: "k" }],
  "start": [new errors.StartError("m", withCause), {}],
  "exited": [new errors.ActorExitedError("m", { cause, exit, address: "a#1" }), { exit, address: "a#1" }],
  "remote": [new errors.RemoteError("m", { cause, name: "ElsewhereError" }), {}],
  "mailbox-full": [new errors.MailboxFullError("m", withCause), {}],
  "deadlock": [new errors.DeadlockError("m", { cause, cycle: ["a", "b"] }), { cycle: ["a", "b"] }],
  "restart-limit": [new errors.RestartLimitError("m", { cause, child: "c", restarts: 3 }), { child: "c", restarts: 3 }],
  "not-owner": [new errors.NotOwnerError("m", withCause), {}],
  "broken-barrier": [new errors.BrokenBarrierError("m", withCause), {}],
  "authentication": [new errors.AuthenticationError("m", withCause), {}],
  "quota": [new errors.QuotaError("m", { cause, quota: "bytes", limit: 7 }), { quota: "bytes", limit: 7 }],
  "protocol": [new errors.ProtocolError("m", withCause), {}],
  "buffer-too-short": [
    new errors.BufferTooShortError("m", { cause, bytes: new Uint8Array([1, 2]) }),
    { bytes: new Uint8Array([1, 2]) },
  ],
  "pool-closed": [new errors.PoolClosedError("m", withCause), {}],
};

Deno.test("every error class of the contract is there, and no other", () => {
  const tested = Object.values(table).map(([error]) => error.constructor.name);
  assertEquals(Object.keys(errors).sort(), [...tested, "TroupeError"].sort());
});

for (const [code, [error, fields]] of Object.entries(table)) {
  const Class = error.constructor as new (...args: never) => errors.TroupeError;
  const name = error instanceof errors.RemoteError ? "ElsewhereError" : Class.name;
  const check = (error: errors.TroupeError) => {
    assertInstanceOf(error, errors.TroupeError);
    assertStrictEquals(Object.getPrototypeOf(error), Class.prototype);
    assert(Error.isError(error));
    assertEquals([error.code, error.name, error.message], [code, name, "m"]);
    assertInstanceOf(error.cause, TypeError);
    assertEquals(error.cause.message, "the cause");
    for (const [key, value] of Object.entries(fields)) assertEquals(Reflect.get(error, key), value);
  };

  Deno.test(`${Class.name} is a TroupeError with its code, name, message, cause and fields`, () => {
    check(error);
    assert(error.stack?.includes("errors_test.ts"));
  });

  Deno.test(`${Class.name} arrives as itself, thrown or sent`, () => {
    for (const bytes of [encode(error, "value"), encodeThrown(error)]) {
      const arrived = decode(bytes) as errors.TroupeError;
      check(arrived);
      assertStrictEquals(arrived.stack, error.stack);
      assertEquals(Object.keys(arrived).sort(), Object.keys(error).sort());
    }
  });
}

Deno.test("EmptyError and FullError are TimeoutErrors", () => {
  assertInstanceOf(table.empty[0], errors.TimeoutError);
  assertInstanceOf(table.full[0], errors.TimeoutError);
});
