/** What the README guarantees, line by line, with children of each kind. */
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import {
  ActorExitedError,
  DisconnectedError,
  JoinableQueue,
  pipe,
  type PlacementName,
  Process,
  Queue,
  spawn,
} from "@troupe/troupe";
import { assertNothingLeft } from "@troupe/troupe/testing";
import { handOn, holdEnd, produce, Recorder, work } from "./guarantees_tasks.ts";

/** A wait that takes this long hangs. */
const WITHIN_MS = 20_000;

for (const placement of ["thread", "process"] satisfies PlacementName[]) {
  const guarantee = (text: string, body: () => Promise<void>) =>
    Deno.test(`${text} (${placement})`, async () => {
      await deadline(body(), WITHIN_MS);
      assertNothingLeft();
    });

  guarantee("what one sender sends to one actor is handled in that order, calls and casts alike", async () => {
    await using recorder = await spawn(Recorder, [], { placement });
    const calls = [];
    for (let n = 0; n < 1000; n++) {
      if (n % 3 === 0) calls.push(recorder.call.noteSlowly(n));
      else recorder.cast.note(n);
    }
    await Promise.all(calls);
    assertEquals(await recorder.call.seen(), Array.from({ length: 1000 }, (_, n) => n));
  });

  guarantee("what a resolved put has put survives the death of who put it", async () => {
    const items = new Queue<Uint8Array>();
    const [here, there] = pipe<string>();
    const p = new Process(produce, [items, 100, 10, there], { placement });
    await p.start();
    assertEquals(await here.recv(), "all put");
    await p.kill();
    for (let i = 0; i < 100; i++) assertEquals(await items.get({ timeoutMs: 0 }), new Uint8Array(10).fill(i));
  });

  guarantee("joining a process never waits for anybody to read what it put", async () => {
    const items = new Queue<Uint8Array>();
    const p = new Process(produce, [items, 10, 1024 * 1024], { placement });
    await p.start();
    assertEquals((await p.join())?.code, 0);
    for (let i = 0; i < 10; i++) assertEquals((await items.get({ timeoutMs: 0 }))[0], i);
  });

  guarantee("a value is a snapshot taken at the call", async () => {
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

  guarantee("a call settles when its actor is killed, and so does every later one", async () => {
    const recorder = await spawn(Recorder, [], { placement });
    const answer = assertRejects(() => recorder.call.hang(), ActorExitedError);
    await recorder.kill();
    assertEquals((await answer).exit, { code: -9, signal: "SIGKILL", reason: "killed" });
    await assertRejects(() => recorder.call.seen(), ActorExitedError);
  });

  guarantee("an error arrives as what it was thrown as, and costs its call alone", async () => {
    await using recorder = await spawn(Recorder, [], { placement });
    const error = await assertRejects(() => recorder.call.fail(), RangeError, "out of stock");
    assertEquals({ ...error, cause: error.cause }, { product: 7, cause: "a strike" });
    assertEquals(await recorder.call.seen(), []);
  });

  guarantee("a pipe ends for one side when the other has died, busy or not", async () => {
    const [here, there] = pipe<string>();
    const p = new Process(holdEnd, [there], { placement });
    await p.start();
    assertEquals(await here.recv(), "ready");
    const next = assertRejects(() => here.recv(), DisconnectedError);
    await p.kill();
    await next;
  });

  guarantee("a job that a dead worker took from a JoinableQueue and did not finish is given to another", async () => {
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
  });

  guarantee("a handle works wherever it arrives, and can be sent on", async () => {
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
}
