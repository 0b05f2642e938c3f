import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Example, readExamples, withoutRestarts } from "./examples.ts";
import { Program, run } from "./program.ts";

/** An example takes about a second, and more on a busy machine; one that hangs, or leaves something, takes this long. */
const WITHIN_MS = 20_000;

const examples = readExamples();

/** The examples whose output depends on chance, or that are two programs, and how to compare it. */
const BY_CHANCE: Readonly<Record<string, (example: Example, command: string) => Promise<void>>> = {
  async "04_shared_queue.ts"(example, command) {
    const lines = await linesOf(command);
    const told = example.prints.trimEnd().split("\n");
    assertEquals(lines.toSorted(), told.toSorted());
    assertEquals(lines.at(-1), told.at(-1));
    for (const site of ["cats", "dogs"]) {
      const of = (all: string[]) => all.filter((line) => line.includes(site));
      assertEquals(of(lines), of(told), `the order of ${site}`);
    }
  },
  async "17_progress.ts"(example, command) {
    const [bars, ...rest] = await linesOf(command);
    const frames = bars.split("\r").slice(1);
    const counts = frames.map((frame) => {
      const [, bar, done, total] = /^\[([# ]+)\] (\d+) of (\d+)$/.exec(frame)!;
      assertEquals([bar.length, bar.trimEnd().length], [Number(total), Number(done)]);
      return Number(done);
    });
    assert(counts.length > 2, "it is drawn while the map goes on");
    assertEquals(counts, counts.toSorted((a, b) => a - b));
    assertEquals([frames.at(-1), ...rest].join("\n") + "\n", example.prints);
  },
  async "08_ctrl_c.ts"(example, command) {
    await using program = new Program(command, WITHIN_MS);
    const words = ["tick", "tock"];
    await program.readUntil((read) => words.every((word) => read.split(`${word}\n`).length > 2));
    program.kill("SIGINT");
    const { code, stdout, stderr } = await program.ended();
    const lines = stdout.trimEnd().split("\n");
    const last = lines.splice(-2);
    assertEquals([...new Set(lines)].sort(), words);
    assertEquals([...words, ...last.sort()], example.prints.trimEnd().split("\n"));
    assertEquals({ code, stderr }, { code: 130, stderr: "" });
  },

  async "13_two_programs.ts"(example, command) {
    await using server = new Program(command, WITHIN_MS);
    await server.readUntil((read) => read.includes("listening\n"));
    const client = await linesOf(`${command} client`);
    const { code, stdout, stderr } = await server.ended();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals([...stdout.trimEnd().split("\n"), ...client], example.prints.trimEnd().split("\n"));
  },
};

for (const example of examples) {
  for (const [placement, command] of example.commands) {
    Deno.test(`examples/${example.name} prints what it says, by "${command.replace(/ examples.*/, "")}" (${placement})`, async () => {
      await (BY_CHANCE[example.name] ?? printsExactly)(example, command);
    });
  }
}

Deno.test("every example says what it shows, how to run it with threads, and the same with subprocesses", () => {
  assert(examples.length > 0);
  for (const { name, commands } of examples) {
    assertMatch(name, /^\d\d_[a-z_]+\.ts$/);
    const thread = commands.get("thread") ?? "";
    assertMatch(thread, new RegExp(`^deno run (--allow-\\S+ )+examples/${name}$`));
    const process = commands.get("process");
    if (process !== undefined) assertMatch(process, new RegExp(`^deno run (--allow-\\S+ )+examples/${name} process$`));
  }
});

async function printsExactly(example: Example, command: string): Promise<void> {
  assert(example.exact, `${example.name} needs a comparison of its own`);
  assertEquals((await linesOf(command)).join("\n") + "\n", example.prints);
}

async function linesOf(command: string): Promise<string[]> {
  const { code, stdout, stderr } = await run(command, WITHIN_MS);
  assertEquals({ code, stderr: withoutRestarts(stderr) }, { code: 0, stderr: "" });
  return stdout.trimEnd().split("\n");
}
