import { assert, assertEquals, assertInstanceOf, assertNotInstanceOf, assertStringIncludes } from "@std/assert";
import { type NotSerializableError, Queue, RemoteError } from "../../mod.ts";
import { assertSame } from "../channels/kernel/codec/assert_same.ts";
import { OwnError, Thrower, THROWN } from "./fixtures/value_thrower.ts";
import { callsOf, everywhere } from "./pipe_everywhere.ts";

/** What a promise rejects with, whatever it is. */
async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

/** The fields of an error that its class or its maker gave it. */
function fieldsOf(error: object): Record<string, unknown> {
  const { stack: _stack, ...fields } = error as Record<string, unknown>;
  return fields;
}

everywhere(
  "what a handler throws arrives as it was thrown: its class, message, fields, cause and errors",
  async (world) => {
    const thrower = callsOf(await world.spawn(Thrower, []));
    for (const name of Object.keys(THROWN)) {
      for (const fail of [() => thrower.failAs(name), () => thrower.failAtOnce(name)]) {
        const [actual, expected] = [await thrownBy(fail()), THROWN[name]()];
        assertSame(actual, expected);
        if (!(expected instanceof Error)) continue;
        assertInstanceOf(actual, expected.constructor as typeof Error, name);
        assertEquals(fieldsOf(actual), fieldsOf(expected));
        assertEquals(Object.keys(actual as Error), Object.keys(expected));
      }
    }
  },
);

everywhere("what a generator throws arrives in the same way, after the items before it", async (world) => {
  const thrower = callsOf(await world.spawn(Thrower, []));
  for (const name of ["RangeError", "own fields", "EmptyError", "a string"]) {
    const items: number[] = [];
    const reading = (async () => {
      for await (const item of thrower.failAfter(2, name)) items.push(item);
    })();
    assertSame(await thrownBy(reading), THROWN[name]());
    assertEquals(items, [0, 1]);
  }
});

everywhere("the stack of what arrives ends with the stack where it was thrown", async (world) => {
  const thrower = callsOf(await world.spawn(Thrower, []));
  for (const name of ["TypeError", "ClosedError", "DOMException"]) {
    const { stack } = await thrownBy(thrower.failAs(name)) as Error;
    assertStringIncludes(stack!, "value_thrower.ts");
    assertStringIncludes(stack!, "failAs");
  }
  const { stack } = await thrownBy(thrower.failWithOwn()) as Error;
  assertStringIncludes(stack!, "failWithOwn");
  assert(/value_thrower\.ts:\d+:\d+\)?\n?/.test(stack!));
  const { cause } = await thrownBy(thrower.failAs("cause")) as Error;
  assertStringIncludes((cause as Error).stack!, "value_thrower.ts");
});

everywhere(
  "an error of a class that nobody registered arrives as RemoteError under its own name, with its fields",
  async (world) => {
    const thrower = callsOf(await world.spawn(Thrower, []));
    const error = await thrownBy(thrower.failWithOwn());
    assertInstanceOf(error, RemoteError);
    assertNotInstanceOf(error, OwnError);
    assertEquals([error.name, error.message, error.code], ["OwnError", "own", "remote"]);
    assertEquals((error as unknown as OwnError).detail, { when: new Date(0) });
  },
);

everywhere(
  "fields of an error that cannot travel are left out; what cannot travel itself is a NotSerializableError",
  async (world) => {
    const thrower = callsOf(await world.spawn(Thrower, []));
    const error = await thrownBy(thrower.failBadly()) as Error;
    assertEquals([error.message, fieldsOf(error)], ["has more than travels", { fine: 1 }]);
    const refused = await thrownBy(thrower.failAsFunction()) as NotSerializableError;
    assertEquals([refused.name, refused.path, refused.kind], ["NotSerializableError", "thrown", "function"]);
  },
);

everywhere("a handle in an error that is thrown arrives, and works", async (world) => {
  const thrower = callsOf(await world.spawn(Thrower, []));
  const queue = new Queue<string>();
  const error = await thrownBy(thrower.failWithHandle(queue)) as Error & { queue: Queue<string> };
  await error.queue.put("by way of an error");
  assertEquals(await queue.get(), "by way of an error");
});

everywhere(
  "an error that goes through several hands stays what it was, and keeps the stack of where it began",
  async (world) => {
    const [first, second] = [callsOf(await world.spawn(Thrower, [])), callsOf(await world.spawn(Thrower, []))];
    const once = await thrownBy(first.failAs("own fields")) as Error;
    const twice = await thrownBy(second.failWith(once)) as Error;
    assertSame(twice, THROWN["own fields"]());
    assertStringIncludes(twice.stack!, "failAs");
    const own = await thrownBy(second.failWith(await thrownBy(first.failWithOwn()))) as Error;
    assertInstanceOf(own, RemoteError);
    assertEquals(own.name, "OwnError");
  },
);
