/** A child is run as the program is: what a flag of `deno run` makes of code is the same in every placement. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { root, run } from "../../program.ts";
import { runProgram } from "../../run_program.ts";
import type { Facts } from "./fixtures/flagged_program.ts";
import { Registry } from "./fixtures/registry.ts";

const program = "tests/actors/placement/fixtures/flagged_program.ts";
const fixtures = "tests/actors/placement/fixtures";

/** Prints the version of a package that the program has, and two children of it, the second of which may do less. */
const LOCKED = `
import { Process, task } from "@troupe/troupe";
import version from "npm:known@^1";

function read(): string {
  return version;
}
task(import.meta.url, read);

if (import.meta.main) {
  const versions = [version];
  for (const permissions of ["inherit", "none"] as const) {
    const child = new Process(read, [], { placement: "process", permissions });
    await child.start();
    versions.push(await child.result);
  }
  console.log(versions.join(" "));
}
`;

/** Prints what a package of its node_modules has, or why it could not be loaded. */
const PACKAGED = `
import { Process, task } from "@troupe/troupe";
import value from "known";

function read(): number {
  return value;
}
task(import.meta.url, read);

if (import.meta.main) {
  const child = new Process(read, [], { placement: "process" });
  console.log(await child.start().then(() => child.result, ({ message }) => message));
}
`;

const LINES = [
  "inline",
  "thread",
  "process",
  "thread process",
  "process process",
  "process thread",
  "thread thread",
  "spare",
];

/** The facts that the program sees, and those that the last of a line of children sees. */
async function tell(flags: readonly string[], line: string): Promise<[Facts, Facts]> {
  const { code, stdout, stderr } = await run(["deno", "run", "--no-prompt", ...flags, program, line], 30_000);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

const ALL_FLAGS = [
  "--unstable-kv",
  "--unstable-cron",
  "--unstable-net",
  "--v8-flags=--expose-gc",
  "--import-map",
  `${fixtures}/flagged_imports.json`,
  "--seed=7",
  "--no-remote",
  "--location",
  "http://troupe.example:81/path?search#hash",
  `--env-file=${fixtures}/flagged.env`,
];

for (const line of LINES) {
  Deno.test(`${line}: code runs as the program's, which has no flags`, async () => {
    const [{ random: _, ...own }, { random: __, ...child }] = await tell(["-A"], line);
    assertEquals(child, own);
    assertEquals([own.unstable, own.gc, own.mapped, own.location], [[], "undefined", "not mapped", [false]]);
  });

  Deno.test(`${line}: code runs as the program's, which has flags`, async () => {
    const [own, child] = await tell(["-A", ...ALL_FLAGS], line);
    // Inline it is the second number that is random.
    assertEquals(child, line === "inline" ? { ...own, random: child.random } : own);
    assertEquals(own.location[0], "http://troupe.example:81/path?search#hash");
    assertEquals([own.unstable, own.gc, own.mapped], [["openKv", "cron", "QuicEndpoint"], "function", 7]);
    assertEquals([own.variable, own.remote], ["from a file", "--no-remote is specified."]);
  });
}

for (const line of ["sandbox", "sandbox thread"]) {
  Deno.test(`${line}: a sandbox has a location that nobody else has, and so do its threads`, async () => {
    const [, { location }] = await tell(["-A", "--location=http://troupe.example/"], line);
    assertMatch(String(location[0]), /^https:\/\/\w+\.invalid\/$/);
  });
}

for (const flags of [["-c", `${fixtures}/flagged_imports.json`], [`--config=${fixtures}/flagged_imports.json`]]) {
  Deno.test(`a child has the configuration that the program was given: ${flags[0].split("=")[0]}`, async () => {
    const [own, child] = await tell(["-A", ...flags], "process");
    assertEquals([own.mapped, child.mapped], [7, 7]);
  });
}

Deno.test("a program without all permissions passes on what can be seen, and is not asked for more", async () => {
  const flags = [
    "--allow-read=deno.json,/",
    "--allow-net",
    "--allow-run",
    "--allow-env",
    "--unstable-kv",
    "--v8-flags=--expose-gc",
    `--env-file=${fixtures}/flagged.env`,
  ];
  const [own, child] = await tell(flags, "process");
  assertEquals([own.gc, child.gc], ["function", "undefined"]);
  assertEquals([child.unstable, child.variable], [["openKv"], "from a file"]);
});

Deno.test("a child has the versions of packages that the program's lock names", async () => {
  await using registry = new Registry();
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  try {
    const imports = { "@troupe/troupe": import.meta.resolve("../../../mod.ts") };
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ imports }));
    const main = join(folder, "main.ts");
    await Deno.writeTextFile(main, LOCKED);
    const told = async (cache: string) => {
      const args = ["deno", "run", "-A", "--no-check", main];
      const { code, stdout, stderr } = await run(args, 30_000, registry.environment(join(folder, cache)));
      assertEquals(code, 0, stderr);
      return [stdout, await Deno.readTextFile(join(folder, "deno.lock"))];
    };
    const [first, lock] = await told("cache");
    assertEquals(first, "1.0.0 1.0.0 1.0.0\n");
    registry.versions.push("1.1.0");
    // In a new cache there is nothing of before.
    assertEquals(await told("other cache"), ["1.0.0 1.0.0 1.0.0\n", lock]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a StartError says what a subprocess may lack, and denoArgs", async () => {
  const main = join(root, fixtures, "flagged_start.ts");
  const flags = ["--allow-read", "--allow-net", "--allow-run", "--import-map", `${fixtures}/flagged_imports.json`];
  const { stdout } = await runProgram(main, { flags, args: [] });
  assertStringIncludes(stdout, 'Cannot start Process-1: Import "mapped-by-a-flag" not a dependency');
  assertStringIncludes(
    stdout,
    " (perhaps for want of the flags of this program, which Deno tells only on Linux and only with all permissions; " +
      "denoArgs can give it flags)\n",
  );
});

Deno.test("a StartError says that a package.json without a deno.json applies to no subprocess", async () => {
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  try {
    const path = join(folder, "package.json");
    await Deno.writeTextFile(path, JSON.stringify({ dependencies: { known: "^1" } }));
    await Deno.mkdir(join(folder, "node_modules", "known"), { recursive: true });
    await Deno.writeTextFile(join(folder, "node_modules/known/package.json"), `{"name":"known","version":"1.0.0"}`);
    await Deno.writeTextFile(join(folder, "node_modules/known/index.js"), "module.exports = 7;");
    const main = join(folder, "main.ts");
    await Deno.writeTextFile(main, PACKAGED.replaceAll("@troupe/troupe", import.meta.resolve("../../../mod.ts")));
    const { stdout } = await run(["deno", "run", "-A", "--no-check", main], 30_000);
    assertStringIncludes(stdout, 'Cannot start Process-1: Import "known" not a dependency');
    assertStringIncludes(
      stdout,
      ` (perhaps for want of ${path}, which applies to a subprocess only with a deno.json beside it; ` +
        "denoArgs can give it flags)\n",
    );
    await Deno.writeTextFile(join(folder, "deno.json"), "{}");
    assertEquals((await run(["deno", "run", "-A", "--no-check", main], 30_000)).stdout, "7\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
