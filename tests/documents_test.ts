import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readExamples, withoutRestarts } from "./examples.ts";
import { root, run } from "./program.ts";

const WITHIN_MS = 20_000;
/** How the commands of someone who has only Node.js begin. */
const WITH_NODE = "npx --yes deno@2.9.6 ";

const readme = Deno.readTextFileSync(join(root, "README.md"));
const examples = readExamples();

interface Block {
  readonly kind: string;
  readonly text: string;
  /** The number of the line with the opening fence. */
  readonly line: number;
}

const blocks = [...readme.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(({ 1: kind, 2: text, index }): Block => {
  return { kind, text, line: readme.slice(0, index).split("\n").length };
});
const programs = blocks.filter(({ kind }) => kind === "ts");

Deno.test("the README's first code is a program of at most 15 lines that begins by line 12", () => {
  const [first] = programs;
  assertEquals(blocks[0], first);
  assert(first.line <= 12);
  assert(first.text.trimEnd().split("\n").length <= 15);
});

for (const [index, program] of programs.entries()) {
  Deno.test(`program ${index + 1} of the README is an example, and prints what the README says`, async () => {
    const example = examples.find((example) => example.program === program.text);
    assert(example !== undefined, `no file in examples/ is\n${program.text}`);
    const [command, output] = blocks.slice(blocks.indexOf(program) + 1);
    assertEquals([command.kind, output.kind], ["sh", "text"]);
    assertEquals(command.text, `${WITH_NODE}${example.commands.get("thread")!.replace("deno ", "")}\n`);
    const { code, stdout, stderr } = await run(command.text.trim().replace(WITH_NODE, "deno "), WITHIN_MS);
    assertEquals({ code, stdout, stderr: withoutRestarts(stderr) }, { code: 0, stdout: output.text, stderr: "" });
  });
}

Deno.test("program 1 of the README, used with a worker that throws, prints what came before and ends with the error", async () => {
  const failing = programs[0].text.replace("await squares.put(", "await squares.put(n === 3 ? raise() : ") +
    'function raise(): never {\n  throw new RangeError("cannot square 3");\n}\n';
  await withProgram(failing, async (command) => {
    const { code, stdout, stderr } = await run(command, WITHIN_MS);
    assertEquals({ code, stdout }, { code: 1, stdout: "1\n4\n" });
    assertStringIncludes(stderr, "Uncaught (in promise) RangeError: cannot square 3");
  });
});

Deno.test("a program elsewhere that names a clone as the README says it runs", async () => {
  await withProgram(programs[0].text, async (command) => {
    const { code, stdout } = await run(command, WITHIN_MS);
    assertEquals({ code, stdout }, { code: 0, stdout: blocks.find(({ kind }) => kind === "text")!.text });
  });
});

/** Gives `use` the command that runs a program in a folder elsewhere, which names this clone as the README says it. */
async function withProgram(text: string, use: (command: string) => Promise<void>): Promise<void> {
  const [entry] = /"@troupe\/troupe": "\.\/troupe\/mod\.ts"/.exec(readme)!;
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  try {
    const imports = entry.replace("./troupe", pathToFileURL(root).href);
    await Deno.writeTextFile(join(folder, "deno.json"), `{ "imports": { ${imports} } }`);
    await Deno.writeTextFile(join(folder, "hello.ts"), text);
    await use(`deno run --no-lock --allow-read=${folder},${root} ${join(folder, "hello.ts")}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the README's other commands are tasks", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));
  const commands = blocks.filter(({ kind, text }) => kind === "sh" && !text.includes("examples/"));
  assertEquals(commands, []);
  const named = [...readme.matchAll(/`(?:npx --yes )?deno(?:@[\d.]+)? task (\w+)[^`]*`/g)].map(([, name]) => name);
  assertEquals(named, ["test", "bench"]);
  for (const name of named) assert(name in tasks);
});

Deno.test("the README has at most 200 lines", () => {
  assert(readme.trimEnd().split("\n").length <= 200);
});

Deno.test("the README's guarantees are at most twelve, and each is tested", () => {
  const [, section] = /^## What is guaranteed$([^]*?)^## /m.exec(readme)!;
  const promised = [...section.matchAll(/^- \*\*(\w+)\*\*/gm)].map(([, word]) => word);
  assert(promised.length <= 12);
  const tests = Deno.readTextFileSync(join(root, "tests/guarantees_test.ts"));
  const tested = [...tests.matchAll(/guarantee\(\s*"(\w+)"/g)].map(([, word]) => word);
  assertEquals([...new Set(tested)].sort(), promised.sort());
});

Deno.test("the README lists every example, and links only to what is there", () => {
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => link).filter((link) =>
    !/^https?:/.test(link)
  );
  const listed = links.filter((link) => link.startsWith("examples/"));
  assertEquals(listed, examples.map(({ name }) => `examples/${name}`));
  for (const link of links) Deno.statSync(join(root, link));
});

Deno.test("ARCHITECTURE.md has the extension types of the wire as the code has them", () => {
  const rows = (file: string) =>
    [...Deno.readTextFileSync(join(root, file)).matchAll(/\| (-?\d+ +\|.*)\|$/gm)].map(([, row]) =>
      row.replaceAll(/\{@linkcode (\w+)\}/g, "`$1`").split("|").map((cell) => cell.trim())
    );
  const inCode = rows("channels/kernel/codec/extension.ts");
  assert(inCode.length > 0);
  assertEquals(rows(".github/ARCHITECTURE.md"), inCode);
});
