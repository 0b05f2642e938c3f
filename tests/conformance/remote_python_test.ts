import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { join } from "node:path";
import { listen, manage, Queue, spawn } from "../../mod.ts";
import { allEnded } from "../channels/remote/all_ended.ts";
import { hasPython } from "../machine.ts";
import { RemoteCounter } from "./fixtures/remote_counter.ts";

const WITHIN_MS = 10_000;
const client = join(import.meta.dirname!, "fixtures", "remote_client.py");

const run = (what: "handles" | "manager", path: string, key: string) =>
  new Deno.Command("python3", {
    args: ["-X", "utf8", client, what, path, key],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test({
  name: "a program in Python joins with its standard library alone: it talks, puts to and gets from queues, and calls",
  ignore: !hasPython(),
  async fn() {
    const listener = await listen(undefined, { authKey: "swordfish", heartbeatMs: 1000 });
    const { path } = listener.address as { path: string };
    const python = run("handles", path, "swordfish").output();
    const served = await deadline(listener.accept(), WITHIN_MS);
    const { hello } = await deadline(served.recv(), WITHIN_MS) as { hello: string };
    assertEquals(hello, "from Python");
    const jobs = new Queue<number | null>();
    const results = new Queue<unknown>();
    const counter = await spawn(RemoteCounter, [10], { placement: "inline" });
    await served.send({ jobs, results, counter });
    for (const n of [1, 2, -3, 70_000]) {
      await jobs.put(n);
      assertEquals(await deadline(results.get(), WITHIN_MS), { job: n, square: n * n });
    }
    await jobs.put(null);
    assertEquals(await deadline(served.recv(), WITHIN_MS), 15);
    assertEquals(await counter.call.add(1), 16);
    await served.send("goodbye");
    const { code, stderr } = await deadline(python, WITHIN_MS);
    assertEquals({ code, stderr: textOf(stderr) }, { code: 0, stderr: "" });
    await Promise.all([served.close(), counter.stop()]);

    const { code: refused, stderr: why } = await deadline(run("handles", path, "guess").output(), WITHIN_MS);
    assertEquals(refused, 1);
    assert(textOf(why).includes("PermissionError: authentication"));
    await listener.close();
    await allEnded();
  },
});

Deno.test({
  name: "a program in Python uses a manager's dict and queue beside this one, and each has every update of the other",
  ignore: !hasPython(),
  async fn() {
    {
      await using manager = await manage({}, { placement: "thread" });
      await using listener = await manager.serve(undefined, { authKey: "swordfish" });
      const ages = await manager.dict<string, number>({ name: "ages" });
      await ages.set("Ada", 36);
      const python = run("manager", (listener.address as { path: string }).path, "swordfish").output();
      const queue = await manager.queue<unknown>({ name: "queue" });
      assertEquals(await deadline(queue.get(), WITHIN_MS), { keys: 2 });
      for (let n = 0; n < 50; n++) {
        await ages.increment("both");
        await ages.update("updated", (old = 0) => old + 1);
      }
      const { code, stderr } = await deadline(python, WITHIN_MS);
      assertEquals({ code, stderr: textOf(stderr) }, { code: 0, stderr: "" });
      assertEquals(
        await ages.snapshot(),
        new Map([["Ada", 36], ["Grace", 85], ["both", 100], ["updated", 100]]),
      );
      assertEquals([await queue.size(), listener.refused], [0, 0]);
    }
    await allEnded();
  },
});
