/**
 * What types infer of things made of other things: children and their supervisors, sources to select from, shared
 * numbers. That this compiles is the test.
 *
 * @module
 */

import { assertType, type IsExact } from "@std/testing/types";
import {
  type Child,
  child,
  type Connection,
  type EventFlag,
  type Exit,
  type Process,
  type Queue,
  type Receiver,
  type Ref,
  type Refs,
  select,
  type Selected,
  SharedArray,
  SharedStruct,
  SharedValue,
  supervise,
  type Supervisor,
  supervisor,
  type Taken,
} from "../../mod.ts";

class Counter {
  constructor(readonly start: number) {}
  add(by: number): number {
    return this.start + by;
  }
}

class Api {
  constructor(readonly counter: Ref<Counter>) {}
  handle(path: string): string {
    return path;
  }
}

async function serve(port: number): Promise<string> {
  return await Promise.resolve(String(port));
}

Deno.test("a child is known by what it will be: a ref of a class, a process of a task", () => {
  function _use(): void {
    const counter = child(Counter, [0], { restart: "permanent" });
    assertType<IsExact<typeof counter, Child<Ref<Counter>>>>(true);
    // Before it starts, it may be given to those who will need it.
    const api = child(Api, [counter.ref]);
    assertType<IsExact<typeof api.ref, Ref<Api>>>(true);
    const server = child(serve, [80]);
    assertType<IsExact<typeof server, Child<Process<string>>>>(true);
  }
});

Deno.test("a supervisor's refs are those of its children, by name and at any depth", () => {
  async function _use(): Promise<void> {
    const counter = child(Counter, [0]);
    const web = supervisor({ api: child(Api, [counter.ref]), server: child(serve, [80]) });
    const app = await supervise({ counter, web }, { strategy: "rest-for-one" });
    assertType<IsExact<keyof typeof app.refs, "counter" | "web">>(true);
    assertType<IsExact<typeof app.refs.counter, Ref<Counter>>>(true);
    assertType<IsExact<typeof app.refs.web.refs.api, Ref<Api>>>(true);
    assertType<IsExact<typeof app.refs.web.refs.server, Process<string>>>(true);
    const sum = await app.refs.counter.call.add(1);
    assertType<IsExact<typeof sum, number>>(true);
    const any: Supervisor = app;
    void any;
  }
  type Given = { readonly a: Child<Ref<Counter>>; readonly b: Child<Process<string>> };
  assertType<IsExact<Refs<Given>, { readonly a: Ref<Counter>; readonly b: Process<string> }>>(true);
});

Deno.test("select() gives the key and the value of one source, and the key tells the value's type", () => {
  assertType<IsExact<Taken<Queue<string>>, string>>(true);
  assertType<IsExact<Taken<Receiver<number>>, number>>(true);
  assertType<IsExact<Taken<Connection<string, boolean>>, boolean>>(true);
  assertType<IsExact<Taken<EventFlag>, true>>(true);
  assertType<IsExact<Taken<Process<string>>, Exit>>(true);
  assertType<IsExact<Taken<Ref<Counter>>, Exit>>(true);
  async function _use(jobs: Queue<string>, end: Connection<string, number>, counter: Ref<Counter>): Promise<void> {
    const taken = await select({ jobs, end, counter }, { timeoutMs: 10 });
    assertType<IsExact<typeof taken.key, "jobs" | "end" | "counter">>(true);
    if (taken.key === "jobs") assertType<IsExact<typeof taken.value, string>>(true);
    else if (taken.key === "end") assertType<IsExact<typeof taken.value, number>>(true);
    else assertType<IsExact<typeof taken.value, Exit>>(true);
  }
  type Two = Selected<{ readonly a: Queue<1>; readonly b: EventFlag }>;
  assertType<IsExact<Two, { readonly key: "a"; readonly value: 1 } | { readonly key: "b"; readonly value: true }>>(
    true,
  );
});

Deno.test("a shared number is a number, or a bigint where it has 64 bits", () => {
  function _use(): void {
    const count = new SharedValue("int32");
    const big = new SharedValue("bigint64", 1n);
    const list = new SharedArray("float64", 3);
    assertType<IsExact<Awaited<ReturnType<typeof count.get>>, number>>(true);
    assertType<IsExact<Awaited<ReturnType<typeof big.get>>, bigint>>(true);
    assertType<IsExact<Awaited<ReturnType<typeof list.get>>, number>>(true);
  }
});

Deno.test("a struct's records and fields have the types that its definition says", () => {
  async function _use(): Promise<void> {
    const points = new SharedStruct({ x: "float64", id: "biguint64" }, [{ x: 1, id: 1n }]);
    const point = await points.get(0);
    assertType<IsExact<typeof point, { x: number; id: bigint }>>(true);
    const all = await points.slice();
    assertType<IsExact<typeof all, { x: number; id: bigint }[]>>(true);
    const id = await points.get(0, "id");
    assertType<IsExact<typeof id, bigint>>(true);
    const sum = points.addSync(0, "x", 1);
    assertType<IsExact<typeof sum, number>>(true);
    const view = points.view;
    assertType<
      IsExact<typeof view, {
        readonly x: Float64Array<SharedArrayBuffer>;
        readonly id: BigUint64Array<SharedArrayBuffer>;
      }>
    >(true);
    await points.set(0, { id: 2n });
    const Point = { x: "int8", y: "int8" } as const;
    const task = (_points: SharedStruct<typeof Point>): void => {};
    task(new SharedStruct(Point, 3));
    // @ts-expect-error -- there is no such kind
    new SharedStruct({ x: "double" }, 3);
    // @ts-expect-error -- a record to begin with is whole
    new SharedStruct({ x: "int8", y: "int8" }, [{ x: 1 }]);
    // @ts-expect-error -- there is no such field to write
    await points.set(0, { y: 1 });
    // @ts-expect-error -- the field holds a bigint
    await points.set(0, { id: 2 });
    // @ts-expect-error -- there is no such field to read
    await points.get(0, "y");
    // @ts-expect-error -- the field holds a number
    await points.add(0, "x", 1n);
    // @ts-expect-error -- what an update gives is a number
    await points.update(0, "x", () => "1");
    // @ts-expect-error -- these are other fields
    task(points);
  }
});
