import { assertEquals, assertStringIncludes } from "@std/assert";
import type { PermissionName, SpawnOptions } from "../../../mod.ts";
import { processesOf, tagged } from "../../machine.ts";
import { runProgram } from "../../run_program.ts";

const program = import.meta.resolve("./fixtures/permission_program.ts");
const deno = Deno.execPath();
/** The least with which a subprocess can be started. */
const LEAST = [`--allow-run=${deno}`, "--allow-net=127.0.0.1:0"];
const ALL: PermissionName[] = ["read", "write", "net", "env", "run", "ffi", "sys", "import"];

interface Told {
  readonly states?: Record<PermissionName, string>;
  readonly name?: string;
  readonly message?: string;
}

/** What the program tells that was run with these flags, and what else of it there was. */
async function tell(flags: readonly string[], options: SpawnOptions = {}): Promise<Told> {
  const tag = crypto.randomUUID();
  const args = [JSON.stringify({ placement: "process", ...options })];
  const { code, stdout, stderr } = await runProgram(program, { flags, args, env: tagged(tag) });
  assertEquals({ code, stderr, left: processesOf(tag) }, { code: 0, stderr: "", left: [] });
  return JSON.parse(stdout);
}

/** Which permissions a subprocess got in full. */
async function granted(flags: readonly string[], options: SpawnOptions = {}): Promise<string[]> {
  const { states, message } = await tell(flags, options);
  if (states === undefined) throw new Error(message);
  return ALL.filter((name) => states[name] === "granted");
}

Deno.test("without permissions a subprocess gets all that its spawner holds in full", async () => {
  assertEquals(await granted(["-A"]), ALL);
  assertEquals(await granted(["--allow-run", "--allow-net", "--allow-env"]), ["net", "env", "run"]);
  assertEquals(await granted([...LEAST, "--allow-sys", "--allow-ffi"]), ["ffi", "sys"]);
});

Deno.test("what the spawner holds as a list is not passed on unless it is named", async () => {
  const lists = [...LEAST, "--allow-read=/etc,/tmp", "--allow-env=HOME", "--allow-sys=hostname"];
  assertEquals(await granted(lists), []);
});

Deno.test("what the spawner is denied in part counts as not held", async () => {
  const partly = [
    "--allow-run",
    "--allow-net",
    "--allow-read",
    "--deny-read=/etc/shadow",
    "--allow-env",
    "--deny-env=SECRET",
    "--allow-sys",
  ];
  assertEquals(await granted(partly), ["net", "run", "sys"]);
  assertEquals(await granted(["-A", "--deny-run=/bin/rm", "--deny-net=example.com", "--deny-ffi"]), [
    "read",
    "write",
    "env",
    "sys",
    "import",
  ]);
});

Deno.test('permissions: "inherit" and single ones mean the same as leaving them out', async () => {
  const flags = ["--allow-run", "--allow-net", "--allow-read", "--deny-read=/etc/shadow", "--allow-env"];
  assertEquals(await granted(flags, { permissions: "inherit" }), ["net", "env", "run"]);
  assertEquals(await granted(flags, { permissions: { env: "inherit", read: "inherit" } }), ["env"]);
});

const more: readonly [string, readonly string[], SpawnOptions["permissions"], RegExp][] = [
  ["all of what it has none of", LEAST, { env: true }, /all of "env"/],
  ["all of what it has a list of", [...LEAST, "--allow-read=/etc"], { read: true }, /all of "read"/],
  ["all of what it is denied in part", ["-A", "--deny-read=/etc"], { read: true }, /all of "read"/],
  ["something that is not on its list", [...LEAST, "--allow-read=/etc"], { read: ["/etc", "/var"] }, /"read" of \/var/],
  ["a folder of which a file is denied", ["-A", "--deny-read=/etc/shadow"], { read: ["/etc"] }, /"read" of \/etc/],
  ["a folder above what it may read", [...LEAST, "--allow-read=/etc/ssl"], { read: ["/etc"] }, /"read" of \/etc/],
  ["a variable that is denied", ["-A", "--deny-env=SECRET"], { env: ["SECRET"] }, /"env" of SECRET/],
  ["a host that is not on its list", [...LEAST, "--allow-net=example.com"], { net: ["example.org"] }, /example\.org/],
  ["any port where it has one", [...LEAST, "--allow-net=example.com:443"], { net: ["example.com"] }, /example\.com/],
  ["a program that is not on its list", [...LEAST], { run: ["ls"] }, /"run" of ls/],
  ["a host to import from", [...LEAST, "--allow-import=example.com"], { import: ["example.org"] }, /example\.org/],
];

for (const [what, flags, permissions, message] of more) {
  Deno.test(`a subprocess that asks for ${what} does not start: StartError`, async () => {
    const told = await tell(flags, { permissions });
    assertEquals(told.name, "StartError");
    assertStringIncludes(told.message!, "Cannot start Process-1: it asks for ");
    assertEquals(message.test(told.message!), true, told.message);
  });
}

Deno.test("what is on its list a spawner may pass on", async () => {
  const lists = [...LEAST, "--allow-read=/etc", "--allow-env=HOME,PATH", "--allow-net=example.com"];
  const permissions = { read: ["/etc/ssl"], env: ["PATH"], net: ["example.com:443"] };
  assertEquals(await granted(lists, { permissions }), []);
});

Deno.test("a subprocess cannot be started without permission to run deno: StartError that says which", async () => {
  const { name, message } = await tell(["--allow-net", "--allow-read", "--allow-write"]);
  assertEquals([name, message], [
    "StartError",
    `Cannot start Process-1: a subprocess needs --allow-run=${deno}`,
  ]);
});

Deno.test("a subprocess cannot be started without permission to listen: StartError that says which", async () => {
  const { name, message } = await tell([`--allow-run=${deno}`]);
  assertEquals(name, "StartError");
  assertStringIncludes(message!, "--allow-net");
});
