/** What the README guarantees, line by line, with children of each kind. `documents_test.ts` holds that none is missing. */
import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import {
  ActorExitedError,
  child,
  DisconnectedError,
  JoinableQueue,
  Lock,
  NotSerializableError,
  pipe,
  type PlacementName,
  Process,
  Queue,
  spawn,
  supervise,
} from "@troupe/troupe";
import { assertNothingLeft } from "@troupe/troupe/testing";
import { handOn, holdEnd, holdLock, produce, Recorder, tryThings, work } from "./guarantees_tasks.ts";
import { processesOf, tagged, until } from "./machine.ts";
import { startProgram } from "./run_program.ts";

/** A wait that takes this long hangs. */
const WITHIN_MS = 20_000;

for (const placement of ["thread", "process"] satisfies PlacementName[]) {
  /** The word is the README's. */
  const guarantee = (word: string, text: string, body: () => Promise<void>) =>
    Deno.test(`${word}: ${text} (${placement})`, async () => {
      await deadline(body(), WITHIN_MS);
      assertNothingLeft();
    });

  guarantee("Order", "what one sender sends to one actor is handled in that order, calls and casts alike", async () => {
    await using recorder = await spawn(Recorder, [], { placement });
    const calls = [];
    for (let n = 0; n < 1000; n++) {
      if (n % 3 === 0) calls.push(recorder.call.noteSlowly(n));
      else recorder.cast.note(n);
    }
    await Promise.all(calls);
    assertEquals(await recorder.call.seen(), Array.from({ length: 1000 }, (_, n) => n));
  });

  guarantee("Queues", "what a resolved put has put survives the death of who put it", async () => {
    const items = new Queue<Uint8Array>();
    const [here, there] = pipe<string>();
    const p = new Process(produce, [items, 100, 10, there], { placement });
    await p.start();
    assertEquals(await here.recv(), "all put");
    await p.kill();
    for (let i = 0; i < 100; i++) assertEquals(await items.get({ timeoutMs: 0 }), new Uint8Array(10).fill(i));
  });

  guarantee("Queues", "joining a process never waits for anybody to read what it put", async () => {
    const items = new Queue<Uint8Array>();
    const p = new Process(produce, [items, 10, 1024 * 1024], { placement });
    await p.start();
    assertEquals((await p.join())?.code, 0);
    for (let i = 0; i < 10; i++) assertEquals((await items.get({ timeoutMs: 0 }))[0], i);
  });

  guarantee("Values", "a value is a snapshot taken at the call", async () => {
    const items = new Queue<number[]>();
    const list = [1];
    const put = items.put(list);
    list.push(2);
    await put;
    assertEquals(await items.get(), [1]);
    await using recorder = await spawn(Recorder, [], { placement });
    const seen = await recorder.call.seen();
    seen.push(1);
    assertEquals(await recorder.call.seen(), []);
  });

  guarantee("Values", "what cannot travel is an error that names the place, and nothing is sent", async () => {
    await using recorder = await spawn(Recorder, [], { placement });
    const note = recorder.call.note as (n: unknown) => Promise<void>;
    const error = await assertRejects(async () => await note({ then: [() => {}] }), NotSerializableError);
    assertEquals([error.path, error.kind], ["args[0].then[0]", "function"]);
    assertEquals(await recorder.call.seen(), []);
  });

  guarantee("Restarts", "the ref of a supervised actor works on when it was killed and started again", async () => {
    await using app = await supervise({ recorder: child(Recorder, [], { placement }) });
    const { recorder } = app.refs;
    await recorder.call.note(1);
    await recorder.kill();
    // A new life: it knows nothing.
    assertEquals(await recorder.with({ retries: 1 }).call.seen(), []);
  });

  guarantee("Settling", "a call settles when its actor is killed, and so does every later one", async () => {
    const recorder = await spawn(Recorder, [], { placement });
    const answer = assertRejects(() => recorder.call.hang(), ActorExitedError);
    await recorder.kill();
    assertEquals((await answer).exit, { code: -9, signal: "SIGKILL", reason: "killed" });
    await assertRejects(() => recorder.call.seen(), ActorExitedError);
  });

  guarantee("Errors", "an error arrives as what it was thrown as, and costs its call alone", async () => {
    await using recorder = await spawn(Recorder, [], { placement });
    const error = await assertRejects(() => recorder.call.fail(), RangeError, "out of stock");
    assertEquals({ ...error, cause: error.cause }, { product: 7, cause: "a strike" });
    assertEquals(await recorder.call.seen(), []);
  });

  guarantee("Pipes", "a pipe ends for one side when the other has died, busy or not", async () => {
    const [here, there] = pipe<string>();
    const p = new Process(holdEnd, [there], { placement });
    await p.start();
    assertEquals(await here.recv(), "ready");
    const next = assertRejects(() => here.recv(), DisconnectedError);
    await p.kill();
    await next;
  });

  guarantee("Locks", "what a dead owner held is free again, and the next owner is told", async () => {
    const lock = new Lock();
    const [here, there] = pipe<string>();
    const p = new Process(holdLock, [lock, there], { placement });
    await p.start();
    assertEquals([await here.recv(), await lock.tryAcquire()], ["mine", undefined]);
    const next = lock.acquire();
    await p.kill();
    using guard = await next;
    assertEquals(guard.abandoned, true);
  });

  guarantee("Orphans", "nothing outlives a killed program by more than two seconds, busy or not", async () => {
    const tag = crypto.randomUUID();
    const tree = JSON.stringify({ [placement]: { process: {} } });
    const program = import.meta.resolve("./actors/placement/fixtures/tree_program.ts");
    const root = startProgram(program, { args: [tree, "wait"], env: tagged(tag) });
    const output = root.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertMatch((await output.read()).value!, /all up/);
    root.kill("SIGKILL");
    await root.status;
    await until("all is gone", () => processesOf(tag).length === 0, 2000, () => processesOf(tag));
    await Promise.all([output.cancel(), root.stderr.cancel()]);
  });

  guarantee(
    "Jobs",
    "a job that a dead worker took from a JoinableQueue and did not finish is given to another",
    async () => {
      const [jobs, done] = [new JoinableQueue<string>(), new Queue<string>()];
      const first = new Process(work, [jobs, done, "hard"], { placement });
      await first.start();
      await jobs.put("hard");
      assertEquals(await done.get(), "took hard");
      await using second = await spawn(work, [jobs, done, ""], { placement });
      await first.kill();
      await jobs.join();
      assertEquals([await done.get(), await done.get()], ["took hard", "did hard"]);
      await jobs.close();
      assertInstanceOf(second, Process);
    },
  );

  guarantee("Handles", "a handle works wherever it arrives, and can be sent on", async () => {
    const [mine, theirs] = pipe<{ to: Queue<unknown>; what: unknown }, never>();
    const p = new Process(handOn, [theirs], { placement });
    await p.start();
    const box = new Queue<unknown>();
    await mine.send({ to: box, what: { with: [new Queue<string>(), p] } });
    const { with: [queue, process] } = await box.get() as { with: [Queue<string>, Process] };
    await queue.put("through");
    assertEquals([await queue.get(), process.alive], ["through", true]);
    await mine.close();
    assertEquals((await process.exited).code, 0);
  });

  if (placement !== "process") continue;
  guarantee("Sandbox", "without permissions it may do nothing, and can use what it was handed", async () => {
    const box = new Queue<string>();
    const p = new Process(tryThings, [box], { placement, permissions: "none" });
    await p.start();
    assertEquals((await p.join())?.code, 0);
    await box.close();
    const refused = ["read", "write", "net", "env", "run", "sys", "ffi"].map((what) => `${what}: NotCapable`);
    assertEquals(await Array.fromAsync(box), refused);
  });
}
