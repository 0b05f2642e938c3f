import { assert, assertEquals, assertMatch } from "@std/assert";
import { leftovers } from "../../actors/testing.ts";
import { Process, Queue } from "../../mod.ts";
import {
  answerOnce,
  closeOutput,
  countDescriptors,
  echo,
  joinWhatComes,
  nameActive,
  nameTwo,
  type Portrait,
  reportPermissions,
  sleep,
  startAnother,
} from "./fixtures/process_tasks.ts";
import { bounded, everywhere, PLACEMENTS, until } from "./process_everywhere.ts";

everywhere("[PROC-04] a process gets its arguments and its name as they were given", async (placement) => {
  const lists: unknown[][] = [
    [],
    [1],
    ["text", 2, null, undefined, true],
    [[1, [2]], { named: { deep: "x" } }],
    [undefined],
  ];
  for (const args of lists) {
    const p = new Process(echo, args, { placement, name: "given name" });
    await p.start();
    assertEquals(await p.result, args);
    assertEquals(p.name, "given name");
  }
});

everywhere(
  "arguments are read at start: what is changed between making and starting is seen, later is not",
  async (placement) => {
    const list = [1];
    const args: unknown[] = [list];
    const p = new Process(echo, args, { placement });
    list.push(2);
    args.push("not an argument any more");
    const starting = p.start();
    list.push(3);
    await starting;
    assertEquals(await p.result, [[1, 2]]);
  },
);

everywhere("[PROC-08] a process that joins itself gets a TypeError", async (placement) => {
  const p = new Process(joinWhatComes, [], { placement });
  await p.start();
  await p.send(p);
  assertMatch(await p.result, /^TypeError: Cannot join Process-\d+: .* would wait for itself$/);
});

everywhere("[PROC-47] a process sees itself: name, address, placement, alive, and its parent", async (placement) => {
  const said = new Queue<Portrait>();
  const p = new Process(answerOnce, [said], { placement });
  await p.start();
  const itself = await said.get();
  assertEquals(itself, {
    name: p.name,
    address: p.address,
    placement,
    pid: p.pid ?? Deno.pid,
    alive: true,
    parent: "main",
    parentAlive: true,
  });
  await p.send("go");
  await p.join();
});

everywhere(
  "names follow the tree: Process-N, its second child Process-N:2, that one's first Process-N:2:1",
  async (placement) => {
    const p = new Process(nameTwo, [], { placement });
    assertMatch(p.name, /^Process-\d+$/);
    await p.start();
    const own = p.name;
    assertEquals(await p.result, [`${own}:1`, `${own}:1`, `${own}:1:1`, `${own}:2`, `${own}:2`, `${own}:2:1`]);
    const next = new Process(echo, [], { placement });
    assertEquals(next.name, `Process-${Number(own.slice("Process-".length)) + 1}`);
    await next.close();
  },
);

everywhere("activeChildren() lists the children of whoever asks", async (placement) => {
  const p = new Process(nameActive, [], { placement });
  await p.start();
  assertEquals(await p.result, [[], [`${p.name}:1`], []]);
});

// In Python the orphan lives on and sees its parent gone. Ours goes with its parent: others see both gone.
for (const inner of PLACEMENTS) {
  everywhere(
    `[PROC-31] [PROC-36] what a daemon started in ${inner} ends with it, within 2 s, killed or not`,
    async (placement) => {
      for (const end of ["kill", "terminate"] as const) {
        const said = new Queue<Portrait>();
        const middle = new Process(startAnother, [said, { placement: inner }], { placement, daemon: true });
        await middle.start();
        const below = await said.get();
        assertEquals([below.parent, below.parentAlive], [middle.name, true]);
        assertEquals(below.name, `${middle.name}:1`);
        const before = performance.now();
        await middle[end]();
        if (below.pid !== Deno.pid) await until(() => isGone(below.pid), `${below.name} is gone`);
        // Where the one below was started by this isolate, which has to hear of its end yet.
        await until(() => leftovers().length === 0, "nothing is left");
        assert(performance.now() - before < 2000);
      }
    },
  );
}

bounded(
  "[PROC-31] a process whose parent is ended from outside sees that its parent is gone, or is gone itself",
  async () => {
    const said = new Queue<Portrait>();
    const middle = new Process(startAnother, [said, { placement: "process" }], { placement: "process" });
    await middle.start();
    const below = await said.get();
    assert(!await isGone(below.pid));
    Deno.kill(middle.pid!, "SIGKILL");
    assertEquals(await middle.join(), { code: -9, signal: "SIGKILL", reason: "killed" });
    await until(() => isGone(below.pid), "the process below is gone", 2000);
  },
);

bounded("[PROC-41] subprocesses started side by side have the same number of open descriptors", async () => {
  const said = new Queue<Portrait>();
  const siblings: Process[] = [];
  const counts: number[] = [];
  for (let count = 0; count < 4; count++) {
    const p = new Process(countDescriptors, [], { placement: "process" });
    await p.start();
    counts.push(await p.result);
    const sleeper = new Process(sleep, [said], { placement: "process" });
    await sleeper.start();
    siblings.push(sleeper);
  }
  assertEquals(counts, Array(4).fill(counts[0]));
  await Promise.all(siblings.map((sibling) => sibling.kill()));
});

bounded("[PROC-43] a subprocess that closed its standard output and error ends with 0", async () => {
  const p = new Process(closeOutput, [], { placement: "process" });
  await p.start();
  assertEquals(await p.result, "done");
  assertEquals(p.exitCode, 0);
});

// Deno tells no program its own flags; its permissions it does.
bounded("[PROC-52] a grandchild has the permissions of the child, when that has fewer than the program", async () => {
  const permissions = { read: true, write: true, net: true, run: true, env: false, sys: false, ffi: false };
  const p = new Process(reportPermissions, [1], { placement: "process", permissions });
  await p.start();
  const [child, grandchild] = await p.result;
  assertEquals(child, grandchild);
  const { read, net, env, sys, ffi } = grandchild;
  assertEquals({ read, net, env, sys, ffi }, {
    read: "granted",
    net: "granted",
    env: "prompt",
    sys: "prompt",
    ffi: "prompt",
  });
});

bounded("[PROC-53] a signal handler that runs while join waits does not disturb it", async () => {
  let signals = 0;
  const heard = Promise.withResolvers<void>();
  const note = () => {
    if (++signals === 3) heard.resolve();
    else Deno.kill(Deno.pid, "SIGUSR1");
  };
  Deno.addSignalListener("SIGUSR1", note);
  try {
    const said = new Queue<Portrait>();
    const p = new Process(answerOnce, [said], { placement: "process" });
    await p.start();
    await said.get();
    const joining = p.join();
    Deno.kill(Deno.pid, "SIGUSR1");
    await heard.promise;
    await p.send("go");
    assertEquals(await joining, { code: 0, reason: "normal" });
    assertEquals([signals, await p.result], [3, "go"]);
  } finally {
    Deno.removeSignalListener("SIGUSR1", note);
  }
});

/** Whether no process of this number is left, or only its zombie. */
async function isGone(pid: number): Promise<boolean> {
  try {
    return / [ZX] /.test((await Deno.readTextFile(`/proc/${pid}/stat`)).replace(/\(.*\)/, ""));
  } catch (error) {
    // The second is what reading says of one that goes at this moment.
    if (error instanceof Deno.errors.NotFound || /os error 3\b/.test(String(error))) return true;
    throw error;
  }
}
