import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { deadline } from "@std/async";
import { actor, type PlacementName, Process, spawn, StartError, task, TimeoutError } from "../../../mod.ts";
import type { Definition, SpawnOptions } from "../../../mod.ts";
import { assertNothingLeft } from "../../../actors/testing.ts";
import { children, ownTemporaryFolder, until, workerThreads } from "../../machine.ts";
import { BusyMaker, FailingMaker, FailingStarter, NeverReady } from "./fixtures/slow_starters.ts";

const EVERYWHERE: readonly PlacementName[] = ["inline", "thread", "process"];
/** Where an actor has an isolate of its own, and imports its module. */
const ELSEWHERE: readonly PlacementName[] = ["thread", "process"];

/** A definition that a child must look for in a module that the parent has not imported. */
function definedIn(moduleUrl: string): Definition {
  class Elsewhere {}
  return actor(moduleUrl, Elsewhere);
}

const fixture = (name: string): Definition => definedIn(import.meta.resolve(`./fixtures/${name}`));

const throwing = fixture("throwing_module.ts");
const malformed = definedIn("data:text/javascript,const%20=%201;");
const missing = fixture("no_such_module.ts");
const silent = fixture("silent_module.ts");
const leaving = fixture("leaving_module.ts");
const waiting = fixture("waiting_module.ts");
const busy = fixture("busy_module.ts");
const absent = task(import.meta.resolve("./fixtures/silent_module.ts"), function absent() {});
const temporary = ownTemporaryFolder();

/** Starts it, which must fail, and checks that nothing of it is left. */
async function failedStart(definition: Definition, options: SpawnOptions): Promise<unknown> {
  const threads = workerThreads();
  const error = await deadline(
    spawn(definition, [], options).then(() => new Error("It started"), (error: unknown) => error),
    10_000,
  );
  assertNothingLeft();
  assertEquals(children(), []);
  assertEquals(temporary.entries, []);
  await until("its thread is gone", () => workerThreads() <= threads, 1000);
  return error;
}

async function failedStartError(definition: Definition, options: SpawnOptions): Promise<StartError> {
  const error = await failedStart(definition, options);
  assertInstanceOf(error, StartError);
  return error;
}

for (const placement of ELSEWHERE) {
  Deno.test(`[${placement}] a module that throws when imported is the cause of a StartError`, async () => {
    const { message, cause } = await failedStartError(throwing, { placement });
    assertStringIncludes(message, "Cannot start Elsewhere-");
    assertStringIncludes(message, "This module has a bad day");
    assertInstanceOf(cause, RangeError);
  });

  Deno.test(`[${placement}] a module with a syntax error is the cause of a StartError`, async () => {
    const { message, cause } = await failedStartError(malformed, { placement });
    assertStringIncludes(message, "Cannot start Elsewhere-");
    assertInstanceOf(cause, Error);
  });

  Deno.test(`[${placement}] a missing module is the cause of a StartError that names it`, async () => {
    const { message } = await failedStartError(missing, { placement });
    assertStringIncludes(message, "no_such_module.ts");
  });

  Deno.test(`[${placement}] a module that does not register the definition when imported is a StartError`, async () => {
    const { message } = await failedStartError(silent, { placement });
    assertStringIncludes(message, "silent_module.ts did not register Elsewhere");
  });

  Deno.test(`[${placement}] a module that ends its isolate when imported is a StartError`, async () => {
    const { message } = await failedStartError(leaving, { placement });
    assertStringIncludes(message, "code 7");
  });

  for (
    const [how, definition] of [
      ["a top-level await that never resolves", waiting],
      ["a top level that computes for ever", busy],
      ["a constructor that computes for ever", BusyMaker],
    ] as const
  ) {
    Deno.test(`[${placement}] ${how} is a StartError after startTimeoutMs`, async () => {
      const { cause } = await failedStartError(definition, { placement, startTimeoutMs: 300 });
      assertInstanceOf(cause, TimeoutError);
      assertEquals(cause.timeoutMs, 300);
    });

    Deno.test(`[${placement}] ${how} ends with the start's signal, whose reason is thrown`, async () => {
      const gaveUp = new AbortController();
      setTimeout(() => gaveUp.abort("changed my mind"), 300);
      assertEquals(await failedStart(definition, { placement, signal: gaveUp.signal }), "changed my mind");
    });
  }
}

for (const placement of EVERYWHERE) {
  Deno.test(`[${placement}] onStart that never resolves is a StartError after startTimeoutMs`, async () => {
    const { cause } = await failedStartError(NeverReady, { placement, startTimeoutMs: 300 });
    assertInstanceOf(cause, TimeoutError);
    assertEquals(cause.timeoutMs, 300);
  });

  Deno.test(`[${placement}] onStart that never resolves ends with the start's signal, whose reason is thrown`, async () => {
    const gaveUp = new AbortController();
    setTimeout(() => gaveUp.abort("changed my mind"), 100);
    assertEquals(await failedStart(NeverReady, { placement, signal: gaveUp.signal }), "changed my mind");
  });

  Deno.test(`[${placement}] a signal that is aborted already starts nothing`, async () => {
    const options = { placement, signal: AbortSignal.abort("too late") };
    assertEquals(await failedStart(NeverReady, options), "too late");
  });

  for (const definition of [FailingMaker, FailingStarter]) {
    Deno.test(`[${placement}] ${definition.name}: what is thrown while starting is the cause of a StartError`, async () => {
      const { message, cause } = await failedStartError(definition, { placement });
      assertStringIncludes(message, "No such luck");
      assertInstanceOf(cause, RangeError);
      assertEquals(cause.cause, "the weather");
    });
  }
}

for (const placement of ELSEWHERE) {
  Deno.test(`[${placement}] a start that is given up at any moment leaves nothing`, async () => {
    for (let ms = 0; ms < 120; ms += 12) {
      const gaveUp = new AbortController();
      setTimeout(() => gaveUp.abort("changed my mind"), ms);
      assertEquals(await failedStart(busy, { placement, signal: gaveUp.signal }), "changed my mind");
    }
  });

  Deno.test(`[${placement}] a process whose start failed has ended, and its result rejects`, async () => {
    const process = new Process(absent, [], { placement });
    await assertRejects(() => deadline(process.start(), 10_000), StartError);
    assert(!process.alive);
    assertEquals((await deadline(process.exited, 1000)).reason, "error");
    await assertRejects(() => deadline(process.result, 1000));
    assertNothingLeft();
  });
}
