import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { deadline } from "@std/async";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Process, spawn, type SpawnOptions, StartError } from "../../../mod.ts";
import { INVITATION, type Invitation } from "../../../actors/placement/process_config.ts";
import { assertNothingLeft } from "../../../actors/testing.ts";
import { children, lives, processesOf, tagged, until, workerThreads } from "../../machine.ts";
import { runProgram, startProgram } from "../../run_program.ts";
import { hog, leave133, read, square, Talker } from "./fixtures/sandbox.ts";

const TIME_MS = 30_000;

async function resultOf<R>(process: Process<R>): Promise<R> {
  await process.start();
  return await deadline(process.result, TIME_MS);
}

for (
  const permissions of [
    "none",
    { run: ["ls"] },
    { run: ["/bin/sh"] },
    { run: true },
    { net: ["127.0.0.1:9"] },
    "inherit",
  ]
) {
  const what = JSON.stringify(permissions);
  Deno.test(`a busy subprocess with permissions: ${what} dies with its parent within 2 s`, async () => {
    const tag = crypto.randomUUID();
    const program = import.meta.resolve("./fixtures/limited_parent.ts");
    const parent = startProgram(program, { args: [what], env: tagged(tag) });
    const reader = parent.stdout.getReader();
    await deadline(reader.read(), TIME_MS);
    const [child] = processesOf(tag).filter(({ ppid }) => ppid === parent.pid);
    assert(lives(child.pid));
    parent.kill("SIGKILL");
    await parent.status;
    await until("the subprocess is gone", () => processesOf(tag).length === 0, 2000, () => processesOf(tag));
    await reader.cancel();
    await parent.stderr.cancel();
  });
}

Deno.test("a subprocess that outgrows maxHeapMb ends alone, with reason out-of-memory", async () => {
  {
    await using sibling = await spawn(Talker, [], { placement: "process" });
    const process = new Process(hog, [], { placement: "process", maxHeapMb: 40 });
    await process.start();
    const exit = await deadline(process.exited, TIME_MS);
    assertEquals(exit, { code: -5, signal: "SIGTRAP", reason: "out-of-memory" });
    assertEquals(await sibling.call.square(7), 49);
  }
  assertNothingLeft();
});

Deno.test("flags in denoArgs do not lift maxHeapMb", async () => {
  const denoArgs = ["--v8-flags=--max-old-space-size=4000"];
  const process = new Process(hog, [], { placement: "process", maxHeapMb: 40, denoArgs });
  await process.start();
  assertEquals((await deadline(process.exited, TIME_MS)).reason, "out-of-memory");
  assertNothingLeft();
});

Deno.test("a subprocess that exits with V8's code for a full heap did not run out of memory", async () => {
  const process = new Process(leave133, [], { placement: "process", maxHeapMb: 100 });
  await process.start();
  assertEquals(await deadline(process.exited, TIME_MS), { code: 133, reason: "error" });
});

Deno.test("env adds variables to a subprocess's environment, and changes nobody else's", async () => {
  Deno.env.set("TROUPE_TEST_ONE", "of the spawner");
  const env = { TROUPE_TEST_TWO: "of the child" };
  try {
    const one = new Process(read, ["variable", "TROUPE_TEST_ONE"], { placement: "process", env });
    const two = new Process(read, ["variable", "TROUPE_TEST_TWO"], { placement: "process", env });
    assertEquals([await resultOf(one), await resultOf(two)], ["of the spawner", "of the child"]);
    assertEquals(Deno.env.get("TROUPE_TEST_TWO"), undefined);
  } finally {
    Deno.env.delete("TROUPE_TEST_ONE");
  }
});

for (const permissions of ["inherit", { env: true }] as const) {
  const what = JSON.stringify(permissions);
  Deno.test(`permissions: ${what}: the environment has nothing of the library's, nor have the arguments a secret of it`, async () => {
    const process = new Process(read, ["environment", ""], { placement: "process", permissions });
    await process.start();
    const atTheStart = Deno.readTextFileSync(`/proc/${process.pid}/environ`).split("\0");
    const args = Deno.readTextFileSync(`/proc/${process.pid}/cmdline`);
    process.send("go on");
    const { [INVITATION]: left, ...environment } = await deadline(process.result, TIME_MS) as Record<string, string>;
    assertEquals([left, environment], [undefined, Deno.env.toObject()]);
    const invitation = atTheStart.find((variable) => variable.startsWith(`${INVITATION}=`))!;
    const { token, answer, watchToken } = JSON.parse(invitation.slice(INVITATION.length + 1)) as Invitation;
    assertEquals([token, answer, watchToken].filter((secret) => secret === undefined || args.includes(secret)), []);
  });
}

Deno.test("denoArgs are flags of a subprocess; Deno.args is empty in it", async () => {
  const denoArgs = ["--v8-flags=--expose-gc"];
  assertEquals(await resultOf(new Process(read, ["gc", ""], { placement: "process", denoArgs })), "function");
  assertEquals(await resultOf(new Process(read, ["gc", ""], { placement: "process" })), "undefined");
  assertEquals(await resultOf(new Process(read, ["arguments", ""], { placement: "process" })), []);
});

for (
  const flag of [
    "-A",
    "--allow-all",
    "--allow-net",
    "--allow-read=/etc",
    "-R",
    "-rN",
    "-E=HOME",
    "-P",
    "--permission-set=x",
  ]
) {
  Deno.test(`denoArgs: ${flag} is a TypeError: permissions have their own option`, () => {
    const options: SpawnOptions = { placement: "process", permissions: "none", denoArgs: ["--no-lock", flag] };
    assertThrows(
      () => new Process(square, [7], options),
      TypeError,
      `Cannot make a process of square: denoArgs must not grant permissions, as ${flag} does`,
    );
  });
}

const UNENFORCEABLE: readonly [string, SpawnOptions][] = [
  ["permissions", { permissions: "none" }],
  ["permissions", { permissions: "inherit" }],
  ["permissions", { permissions: {} }],
  ["env", { env: { A: "1" } }],
  ["maxHeapMb", { maxHeapMb: 100 }],
  ["denoArgs", { denoArgs: [] }],
];

for (const placement of ["thread", "inline"] as const) {
  for (const [name, option] of UNENFORCEABLE) {
    Deno.test(`[${placement}] ${Deno.inspect(option)} is a StartError before anything starts`, async () => {
      const message = `${name} can be enforced only with placement "process", not "${placement}"`;
      const threads = workerThreads();
      assertStringIncludes(
        (await assertRejects(() => spawn(Talker, [], { placement, ...option }), StartError)).message,
        message,
      );
      assertStringIncludes(
        (await assertRejects(() => spawn(square, [7], { placement, ...option }), StartError)).message,
        message,
      );
      assertThrows(() => new Process(square, [7], { placement, ...option }), StartError, message);
      assertEquals([workerThreads(), children()], [threads, []]);
      assertNothingLeft();
    });
  }
}

for (const name of ["deno.json", "deno.jsonc"]) {
  Deno.test(`a subprocess finds the user's ${name}, in a folder above its module`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "config-test-" });
    try {
      const imports = {
        "greeting": "./greeting.ts",
        "@troupe/troupe": import.meta.resolve("../../../mod.ts"),
      };
      await Deno.mkdir(join(folder, "src"));
      await Deno.writeTextFile(join(folder, name), JSON.stringify({ imports }));
      await Deno.writeTextFile(join(folder, "greeting.ts"), `export const greeting = "hello";`);
      const module = join(folder, "src", "main.ts");
      await Deno.writeTextFile(
        module,
        `import { Process, task } from "@troupe/troupe";
import { greeting } from "greeting";
function greet(): string { return greeting; }
task(import.meta.url, greet);
if (import.meta.main) {
  const process = new Process(greet, [], { placement: "process" });
  await process.start();
  console.log(await process.result);
}`,
      );
      const flags = ["-A", "--no-lock", "--config", join(folder, name)];
      const ran = await runProgram(pathToFileURL(module).href, { flags });
      assertEquals([ran.stdout, ran.code], ["hello\n", 0]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
