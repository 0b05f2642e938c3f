import { assertEquals } from "@std/assert";
import { deadline, delay } from "@std/async";
import { type Exit, Process } from "../../../mod.ts";
import { assertNothingLeft } from "../../../actors/testing.ts";
import { lives, ownTemporaryFolder, processesOf, setTag, tagged, until, workerThreads } from "../../machine.ts";
import { startProgram } from "../../run_program.ts";
import { rounds } from "../../soak.ts";
import { startKiller } from "./fixtures/orphan_starter.ts";
import { grow, type Shape } from "./fixtures/tree.ts";

/** Threads and subprocesses, and below each of them threads and subprocesses again. */
const TREE: Shape = { thread: { thread: {}, process: {} }, process: { thread: {}, process: {} } };
const CHAIN: Shape = { thread: { process: { thread: { process: { thread: {} } } } } };
const BOTH: Shape = { thread: {}, process: {} };
/** What the contract allows. */
const GONE_MS = 2000;
const KILLED: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };

const temporary = ownTemporaryFolder();
const starting = import.meta.resolve("./fixtures/starting_program.ts");
const program = import.meta.resolve("./fixtures/tree_program.ts");

/** Starts the program, and gives it once its whole tree runs. */
async function grownProgram(tag: string, shape: Shape, then: string): Promise<Deno.ChildProcess> {
  const root = startProgram(program, { args: [JSON.stringify(shape), then], env: tagged(tag) });
  const reader = root.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; !text.includes("all up");) {
    const { done, value } = await deadline(reader.read(), 30_000);
    if (done) throw new Error(`It ended before it was up: ${text}`);
    text += value;
  }
  await reader.cancel();
  await root.stderr.cancel();
  return root;
}

async function untilGone(tag: string): Promise<void> {
  await until("all below it is gone", () => processesOf(tag).length === 0, GONE_MS, () => processesOf(tag));
}

for (
  const [how, then, end] of [
    ["kill -9 of an idle root program", "wait", (root) => root.kill("SIGKILL")],
    ["kill -9 of a busy root program", "spin", (root) => root.kill("SIGKILL")],
    ["SIGTERM to a root program", "wait", (root) => root.kill("SIGTERM")],
    ["Deno.exit() in a root program", "exit", () => {}],
    ["an uncaught error in a root program", "throw", () => {}],
  ] as readonly [string, string, (root: Deno.ChildProcess) => void][]
) {
  for (const [what, shape] of [["tree", TREE], ["chain", CHAIN]] as const) {
    Deno.test(`${how} leaves nothing of a ${what} of busy threads and subprocesses after 2 s`, async () => {
      const tag = crypto.randomUUID();
      const root = await grownProgram(tag, shape, then);
      end(root);
      await root.status;
      await untilGone(tag);
    });
  }
}

Deno.test("a subprocess whose parent is killed before it could call leaves neither itself nor the parent's socket", async () => {
  for (let round = 0; round < 10; round++) {
    const tag = crypto.randomUUID();
    const root = startProgram(program, { args: [JSON.stringify({ process: {} }), "wait"], env: tagged(tag) });
    const child = () => processesOf(tag).find(({ ppid }) => ppid === root.pid);
    const { pid } = await until("the child is there", child);
    Deno.kill(pid, "SIGSTOP");
    root.kill("SIGKILL");
    await root.status;
    Deno.kill(pid, "SIGCONT");
    await deadline(Promise.all([root.stdout.cancel(), root.stderr.cancel()]), 10_000);
    // By its number, too: while it is about to become another program it has no environment to be found by.
    await until("the child is gone", () => !lives(pid));
    await untilGone(tag);
    assertEquals(temporary.entries, []);
  }
});

Deno.test("kill -9 of a root program while it starts things, at any moment, leaves nothing after 2 s", async () => {
  for (let round = 0; round < rounds(20, 1000); round++) {
    const tag = crypto.randomUUID();
    const root = startProgram(starting, { env: tagged(tag) });
    const reader = root.stdout.getReader();
    await deadline(reader.read(), 30_000);
    await delay(round % 20 * 20 + Math.random() * 20);
    root.kill("SIGKILL");
    await root.status;
    await untilGone(tag);
    await reader.cancel();
    await root.stderr.cancel();
    assertEquals(temporary.entries, []);
  }
});

Deno.test("a subprocess that starts another just when its parent was killed leaves nothing after 2 s", async () => {
  for (let round = 0; round < rounds(10, 1000); round++) {
    const tag = setTag();
    const parent = new Process(startKiller, [Math.random() * 5], { placement: "process" });
    await parent.start();
    assertEquals(await deadline(parent.join(), 10_000), KILLED);
    await untilGone(tag);
    assertEquals(temporary.entries, []);
  }
  assertNothingLeft();
});

Deno.test("subprocesses, and how they find each other, take no file", async () => {
  const parents = await grow({ process: { process: {}, thread: { process: {} } } });
  assertEquals(temporary.entries, []);
  await Promise.all(parents.map((parent) => deadline(parent.kill(), 10_000)));
});

for (const placement of ["thread", "process"] as const) {
  for (const [what, below] of [["threads and subprocesses", BOTH], ["a whole tree", TREE]] as const) {
    Deno.test(`[${placement}] kill() of a busy parent ends its busy children within 2 s: ${what}`, async () => {
      const tag = setTag();
      const [parent] = await grow({ [placement]: below });
      assertEquals(await deadline(parent.kill(), 10_000), KILLED);
      await untilGone(tag);
      await until("its threads are gone", () => workerThreads() === 0, GONE_MS);
      assertNothingLeft();
    });
  }
}

// In Python the grandchild lives on, and sees that its parent is gone; here it goes with it.
Deno.test("[PROC-31] [process] kill -9 of a busy parent, by somebody else, ends its busy children within 2 s", async () => {
  const tag = setTag();
  const [parent] = await grow({ process: TREE });
  Deno.kill(parent.pid!, "SIGKILL");
  assertEquals(await deadline(parent.exited, 10_000), KILLED);
  await untilGone(tag);
  assertNothingLeft();
});

Deno.test("[process] kill -9 of a child, and of its parent before that sees it, leaves nothing of where they met", async () => {
  const tag = setTag();
  const [parent] = await grow({ process: { process: {} } });
  // It computes, and so sees nothing.
  const child = processesOf(tag).find(({ ppid }) => ppid === parent.pid)!;
  Deno.kill(child.pid, "SIGKILL");
  await until("the child is gone", () => !lives(child.pid), GONE_MS);
  Deno.kill(parent.pid!, "SIGKILL");
  assertEquals(await deadline(parent.exited, 10_000), KILLED);
  await untilGone(tag);
  assertEquals(temporary.entries, []);
  assertNothingLeft();
});
