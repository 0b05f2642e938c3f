import { assertEquals } from "@std/assert";
import { Program, root, run } from "../../program.ts";

const WITHIN_MS = 20_000;
const PROGRAMS = "tests/actors/placement/programs";

Deno.test("a program whose actors are inline asks Deno for nothing", async () => {
  assertEquals(await audit(`deno run ${PROGRAMS}/inline.ts`), { stdout: "42\n", asked: [] });
});

Deno.test("a program whose actors are threads asks Deno for nothing but to read its own modules", async () => {
  const { stdout, asked } = await audit("deno run --allow-read=. examples/00_hello.ts");
  assertEquals(stdout, "1\n4\n9\n");
  assertEquals(asked.filter(({ permission, value }) => permission !== "read" || !isModule(value)), []);
});

Deno.test("a program with a subprocess asks Deno for nothing but its deno.json, to run Deno, and a loopback port", async () => {
  const flags = "--allow-read=deno.json --allow-run --allow-net=127.0.0.1:0";
  const { stdout, asked } = await audit(`deno run ${flags} ${PROGRAMS}/subprocess.ts`);
  assertEquals(stdout, "42\n");
  // What to run is not in Deno's audit.
  const what = new Set(asked.map(({ permission, value }) => `${permission} ${value}`));
  assertEquals([...what].sort(), ["net 127.0.0.1:0", `read ${root}/deno.json`]);
});

Deno.test("a subprocess that may do nothing uses what it was handed, and does not outlive a program that is killed", async () => {
  await using program = new Program(`deno run -A ${PROGRAMS}/sandboxed.ts`, WITHIN_MS);
  assertEquals(await program.readUntil((read) => read.includes("\n")), "may nothing\n");
  program.kill("SIGKILL");
  await program.ended();
});

/** What a program asks Deno for, granted or not. On a terminal the user would be asked for what is not. */
async function audit(command: string): Promise<{ stdout: string; asked: Asked[] }> {
  const file = await Deno.makeTempFile({ prefix: "troupe-test-" });
  try {
    const { code, stdout, stderr } = await run(command, WITHIN_MS, { DENO_AUDIT_PERMISSIONS: file });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const lines = (await Deno.readTextFile(file)).split("\n").filter((line) => line !== "");
    return { stdout, asked: lines.map((line) => JSON.parse(line) as Asked) };
  } finally {
    await Deno.remove(file);
  }
}

interface Asked {
  readonly permission: string;
  readonly value: string | null;
}

function isModule(path: string | null): boolean {
  return path !== null && path.startsWith(`${root}/`) && path.endsWith(".ts");
}
