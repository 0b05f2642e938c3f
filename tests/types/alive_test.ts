/**
 * What types infer for names, watching, dead letters and inspection. That this compiles is the test.
 *
 * @module
 */

import { assertType, type IsExact } from "@std/testing/types";
import {
  type ActorReport,
  type DeadLetter,
  deadLetters,
  type Down,
  type Exit,
  inspect,
  type Inspection,
  lookup,
  type Process,
  type Ref,
  register,
  type Supervisor,
  unregister,
  watch,
} from "../../mod.ts";

interface Counter {
  add(by: number): number;
}

declare const counter: Ref<Counter>;
declare const process: Process<string>;
declare const app: Supervisor;

Deno.test("names, watches, dead letters and inspections infer what they give", () => {
  const unrun = async () => {
    assertType<IsExact<Awaited<ReturnType<typeof register>>, void>>(true);
    await register("counter", counter);
    const found = await lookup<Counter>("counter");
    assertType<IsExact<typeof found, Ref<Counter> | undefined>>(true);
    assertType<IsExact<ReturnType<NonNullable<typeof found>["call"]["add"]>, Promise<number>>>(true);
    // Without a type there is nothing to call.
    assertType<IsExact<Awaited<ReturnType<typeof lookup>>, Ref<unknown> | undefined>>(true);
    const had = await unregister("counter");
    assertType<IsExact<typeof had, boolean>>(true);

    const watching = watch(counter, (down) => {
      assertType<IsExact<typeof down, Down<Ref<Counter>>>>(true);
      assertType<IsExact<typeof down.exit, Exit>>(true);
      down.ref.cast.add(1);
    });
    assertType<IsExact<typeof watching, Disposable>>(true);
    watch(process, (down) => assertType<IsExact<typeof down.ref, Process<string>>>(true));
    watch(app, (down) => assertType<IsExact<typeof down.ref, Supervisor>>(true));
    watch(counter);
    // @ts-expect-error -- an exit is not somebody
    watch({ code: 0 }, () => {});
    // @ts-expect-error -- a process has no ref
    await register("process", process);

    for await (const letter of deadLetters) assertType<IsExact<typeof letter, DeadLetter>>(true);
    assertType<IsExact<typeof deadLetters.count, number>>(true);
    // @ts-expect-error -- only read
    deadLetters.count = 0;

    const inspection = await inspect();
    assertType<IsExact<typeof inspection, Inspection>>(true);
    assertType<IsExact<typeof inspection.tree.children, readonly ActorReport[]>>(true);
  };
  void unrun;
});
