import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import {
  ActorExitedError,
  type Connection,
  DisconnectedError,
  NotSerializableError,
  pipe,
  Process,
  Queue,
  RemoteError,
  StartError,
  TimeoutError,
} from "../../mod.ts";
import { giveBack, ring, throwIt, type Way } from "./fixtures/process_results.ts";
import { never } from "./fixtures/slow_module.ts";
import { everywhere, peek } from "./process_everywhere.ts";

everywhere("[BEAT-32] result is what the function returned, whatever can travel", async (placement) => {
  const values: unknown[] = [
    undefined,
    null,
    -0,
    NaN,
    2n ** 70n,
    "ünï\0code",
    [1, , 3],
    { a: { b: [new Date(5), /x/g] } },
    new Map<unknown, unknown>([[1, new Set(["x"])]]),
    new Uint8Array([1, 2, 3]),
    new URL("https://example.com/a?b"),
  ];
  for (const value of values) {
    const p = new Process(giveBack, [value], { placement });
    await p.start();
    assertEquals(await p.result, value);
    assertEquals(await p.exited, { code: 0, reason: "normal" });
  }
  const p = new Process(ring, [], { placement });
  await p.start();
  const first = await p.result;
  assertEquals([first.name, first.next.next === first], ["first", true]);
});

everywhere(
  "[BEAT-32] result rejects with what was thrown: class, message, fields, cause, remote stack",
  async (placement) => {
    const error = await thrownBy("deep", placement);
    assertInstanceOf(error, RangeError);
    assertEquals([error.name, error.message], ["RangeError", "too deep"]);
    assertEquals([(error as Error & { depth: number }).depth, (error.cause as Error).message], [7, "the reason"]);
    assertInstanceOf(error.cause, TypeError);
    assertStringIncludes(error.stack!, "throwDeep");
    assertStringIncludes(error.stack!, "process_results.ts");
  },
);

everywhere("[BEAT-32] result rejects with an AggregateError and its errors", async (placement) => {
  const error = await thrownBy("many", placement);
  assertInstanceOf(error, AggregateError);
  assertEquals(error.errors.map((one: Error) => `${one.name}: ${one.message}`), ["Error: one", "TypeError: two"]);
});

everywhere("[BEAT-32] an error of a class that nobody registered is a RemoteError of that name", async (placement) => {
  const error = await thrownBy("own class", placement);
  assertInstanceOf(error, RemoteError);
  assertEquals([error.name, error.message], ["OwnError", "own"]);
  assertEquals((error as unknown as { extra: number }).extra, 3);
});

everywhere("[BEAT-32] what was thrown and is no error arrives as itself", async (placement) => {
  assertEquals(await thrownBy("string", placement), "just text");
  assertEquals(await thrownBy("undefined", placement), undefined);
  assertEquals(await thrownBy("object", placement), { code: 5 });
});

everywhere("[BEAT-32] the exit of a process that threw has code 1, reason error, and the error", async (placement) => {
  for (const way of ["deep", "own class", "string", "undefined", "function"] as const) {
    const p = new Process(throwIt, [way], { placement });
    await p.start();
    const exit = (await p.join())!;
    assertEquals([exit.code, exit.reason, exit.signal, p.exitCode], [1, "error", undefined, 1]);
    if (way === "deep") assertInstanceOf(exit.error, RangeError);
    if (way === "string") assertEquals(exit.error, "just text");
  }
});

everywhere("[BEAT-32] thrown later, or left unhandled, is the same to who reads the result", async (placement) => {
  for (const way of ["later", "timer", "rejection"] as const) {
    const error = await thrownBy(way, placement) as Error;
    assertInstanceOf(error, RangeError);
    assertEquals(error.message, way);
  }
});

everywhere(
  "[BEAT-32] a result that cannot travel is a NotSerializableError; the process ended well",
  async (placement) => {
    for (const [way, path] of [["function", "result"], ["nested", "result.a[1].fn"], ["class", "result"]] as const) {
      const p = new Process(giveBack, [way, true], { placement });
      await p.start();
      const error = await assertRejects(() => p.result, NotSerializableError);
      assertEquals(error.path, path);
      assertEquals(p.exitCode, 0);
    }
  },
);

everywhere(
  "[BEAT-32] a thrown thing that cannot travel still rejects the result and ends the process with 1",
  async (placement) => {
    const p = new Process(throwIt, ["function"], { placement });
    await p.start();
    const thrown = await p.result.then(() => "resolved", (error) => error);
    assert(thrown !== "resolved" && typeof thrown !== "function");
    assertEquals((await p.exited).code, 1);
  },
);

everywhere("a result is a copy: what the function keeps and changes later is not seen", async (placement) => {
  const given = { list: [1] };
  const p = new Process(giveBack, [given], { placement });
  await p.start();
  given.list.push(2);
  const result = await p.result as typeof given;
  assertEquals(result, { list: [1] });
  assert(result !== given);
});

everywhere("a result may hold handles: what it got, and gives back, works on", async (placement) => {
  const [ours, theirs] = pipe<string>();
  const queue = new Queue<string>();
  const p = new Process(giveBack, [{ end: theirs, queue }], { placement });
  await p.start();
  await p.join();
  const back = await p.result as { end: Connection<string>; queue: Queue<string> };
  await ours.send("through the pipe");
  await queue.put("through the queue");
  assertEquals([await back.end.recv(), await back.queue.get()], ["through the pipe", "through the queue"]);
  await back.end.close();
  await assertRejects(() => ours.recv(), DisconnectedError);
  await ours.close();
});

everywhere("a rejected result that nobody reads harms nobody", async (placement) => {
  const unhandled: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", note);
  try {
    for (const read of [false, true]) {
      const p = new Process(throwIt, ["deep"], { placement });
      await p.start();
      if (read) void p.result;
      await p.join();
      await peek(new Promise(() => {}));
    }
  } finally {
    globalThis.removeEventListener("unhandledrejection", note);
  }
  assertEquals(unhandled, []);
});

everywhere("result of one that exits, or is killed, rejects with ActorExitedError and its exit", async (placement) => {
  const p = new Process(throwIt, ["exit"], { placement });
  await p.start();
  const error = await assertRejects(() => p.result, ActorExitedError, "has ended");
  assertEquals([error.exit, error.address], [{ code: 4, reason: "error" }, p.address]);
});

everywhere(
  "a module that throws when it is imported is a StartError with the cause; nothing is left",
  async (placement) => {
    const { early } = await import("./fixtures/fails_in_children.ts");
    const p = new Process(early, [], { placement });
    const error = await assertRejects(() => p.start(), StartError, "not in a child");
    assertInstanceOf(error.cause, Error);
    assertEquals((await p.exited).code, 1);
    assertEquals([p.alive, p.exitCode], [false, 1]);
  },
  ["thread", "process"],
);

everywhere("a start that takes too long is a StartError with the TimeoutError; nothing is left", async (placement) => {
  const p = new Process(never, [], { placement, startTimeoutMs: 200 });
  const error = await assertRejects(() => p.start(), StartError, "was not ready after 200 ms");
  assertInstanceOf(error.cause, TimeoutError);
  assertEquals([p.alive, p.exitCode], [false, (await p.exited).code]);
}, ["thread", "process"]);

everywhere("a start that is aborted rejects with the reason; nothing is left", async (placement) => {
  const abort = new AbortController();
  const p = new Process(never, [], { placement, signal: abort.signal });
  const starting = p.start();
  const reason = new RangeError("enough");
  abort.abort(reason);
  assertEquals(await starting.catch((error) => error), reason);
  assertEquals([p.alive, p.exitCode], [false, -9]);
}, ["thread", "process"]);

everywhere(
  "arguments that cannot travel are a NotSerializableError at start(), which can be tried again",
  async (placement) => {
    const argument: unknown[] = [() => {}];
    const p = new Process(giveBack, [argument], { placement });
    const error = await assertRejects(() => p.start(), NotSerializableError);
    assertEquals([error.path, p.alive, p.exitCode], ["args[0][0]", false, undefined]);
    argument[0] = "fine";
    await p.start();
    assertEquals(await p.result, ["fine"]);
  },
);

async function thrownBy(way: Way, placement: "inline" | "thread" | "process"): Promise<unknown> {
  const p = new Process(throwIt, [way], { placement });
  await p.start();
  return await p.result.then(() => assert(false, "it resolved"), (error) => error);
}
