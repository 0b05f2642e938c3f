import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { DisconnectedError } from "../../../channels/errors.ts";
import { unanswered } from "../../../channels/kernel/ask.ts";
import { QueueClient } from "../../../channels/queue_client.ts";
import { FarQueue } from "./far_queue.ts";

const SEED = 20_260_101;

/** A get that can be aborted, and what became of it. */
class Get {
  readonly #controller = new AbortController();
  state: "waiting" | "got" | "aborted" = "waiting";
  readonly settled: Promise<void>;

  constructor(client: QueueClient, got: (value: unknown) => void) {
    this.settled = client.get({ signal: this.#controller.signal }).then((value) => {
      this.state = "got";
      got(value);
    }, (reason) => {
      if (reason !== "enough") throw reason;
      this.state = "aborted";
    });
  }

  abort(): void {
    this.#controller.abort("enough");
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.constant("get" as const) },
  { weight: 1, arbitrary: fc.constant("tryGet" as const) },
  { weight: 2, arbitrary: fc.nat(7).map((which) => ({ abort: which })) },
  { weight: 3, arbitrary: fc.constant("put" as const) },
  { weight: 4, arbitrary: fc.constant("hear" as const) },
  { weight: 4, arbitrary: fc.constant("speak" as const) },
);

Deno.test("whatever is aborted when, a holder gets each item of a queue elsewhere once, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80, size: "max" }), async (steps) => {
      const far = new FarQueue();
      const client = new QueueClient(far.address, 0);
      const got: unknown[] = [];
      const gets: Get[] = [];
      const tries: Promise<void>[] = [];
      let puts = 0;
      for (const what of steps) {
        if (what === "get") gets.push(new Get(client, (value) => got.push(value)));
        else if (what === "tryGet") tries.push(client.tryGet().then((found) => void (found && got.push(found.value))));
        else if (what === "put") far.put(puts++);
        else if (what === "hear") far.hear();
        else if (what === "speak") far.speak();
        else gets.filter(({ state }) => state === "waiting")[what.abort]?.abort();
        await Promise.resolve();
      }
      for (const get of gets) get.abort();
      await pump(far);
      await Promise.all([...gets.map(({ settled }) => settled), ...tries]);
      assertEquals(far.quiet, true);
      for (let left = puts - got.length; left > 0; left--) {
        const last = client.tryGet();
        await pump(far);
        got.push((await last)?.value);
      }
      assertEquals(got, Array.from({ length: puts }, (_, number) => number));
      assertEquals(unanswered(), 0);
      far.end();
    }),
    { numRuns: 2000, seed: SEED },
  );
});

Deno.test("an item that comes for a get that gave up is for the next that waits, and so on", async () => {
  const far = new FarQueue();
  const client = new QueueClient(far.address, 0);
  const got: unknown[] = [];
  const [first, second, third] = [1, 2, 3].map(() => new Get(client, (value) => got.push(value)));
  for (const _get of [1, 2, 3]) far.hear();
  for (const item of ["a", "b"]) far.put(item);
  first.abort();
  far.speak();
  await first.settled;
  await second.settled;
  far.speak();
  await third.settled;
  assertEquals(got, ["a", "b"]);
  await pump(far);
  assertEquals([far.quiet, far.items], [true, []]);
  far.end();
});

Deno.test("while an item may be on its way to a get that gave up, the next get does not leave", async () => {
  const far = new FarQueue();
  const client = new QueueClient(far.address, 0);
  const got: unknown[] = [];
  const first = new Get(client, (value) => got.push(value));
  far.hear();
  first.abort();
  await first.settled;
  const next = new Get(client, (value) => got.push(value));
  far.hear();
  assertEquals(far.underWay, 1, "only the answer to the one that gave up");
  far.put("a");
  far.speak();
  await pump(far);
  await next.settled;
  assertEquals(got, ["a"]);
  far.end();
});

Deno.test("a get that waits for its turn to leave can be aborted, and rejects when the home dies", async () => {
  const far = new FarQueue();
  const client = new QueueClient(far.address, 0);
  const first = new Get(client, () => {});
  far.hear();
  first.abort();
  const [second, third] = [new Get(client, () => {}), client.get({})];
  second.abort();
  await second.settled;
  assertEquals(far.underWay, 1, "only the cancellation of the first");
  far.end();
  await assertRejects(() => third, DisconnectedError);
  assertEquals(unanswered(), 0);
});

Deno.test("a get that gave up is not waited for, though its answer is still to come", async () => {
  const far = new FarQueue();
  const get = new Get(new QueueClient(far.address, 0), () => {});
  assertEquals(unanswered(), 1);
  get.abort();
  assertEquals(unanswered(), 0);
  await get.settled;
  await pump(far);
  far.end();
});

/** Lets all frames arrive. */
async function pump(far: FarQueue): Promise<void> {
  do {
    far.hear();
    far.speak();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  } while (far.underWay > 0);
}
