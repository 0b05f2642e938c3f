/** A subprocess that may not use the network tells no registry and no host anything by the names of what it imports. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import type { PermissionOptions } from "../../../mod.ts";
import { runProgram } from "../../run_program.ts";
import { Registry } from "./fixtures/registry.ts";

/** Has a child import some modules, and tells which it could. */
const programFor = (host: string) => `
import { Process, task } from "@troupe/troupe";
import npm from "npm:known@^1";
import jsr from "jsr:@known/library@^1";
import http from "http://${host}/known.js";

async function importAll(specifiers: string[]): Promise<string[]> {
  const imported: string[] = [String([npm, jsr, http])];
  for (const specifier of specifiers) {
    await import(specifier).then(() => imported.push(specifier), () => {});
    const code = "import " + JSON.stringify(specifier) + "; postMessage(1)";
    const worker = new Worker("data:text/javascript," + encodeURIComponent(code), { type: "module" });
    await new Promise<void>((resolve) => {
      worker.onmessage = () => resolve(void imported.push("worker: " + specifier));
      worker.onerror = (event) => (event.preventDefault(), resolve());
    });
    worker.terminate();
  }
  return imported;
}
task(import.meta.url, importAll);

if (import.meta.main && Deno.args.length > 0) {
  const [permissions, specifiers] = JSON.parse(Deno.args[0]);
  const child = new Process(importAll, [specifiers], { placement: "process", permissions });
  await child.start();
  console.log(JSON.stringify(await child.result));
}
`;

interface Told {
  /** The specifiers that a child could import, in itself or in a worker. */
  readonly imported: string[];
  /** What the registry was asked for by that. */
  readonly asked: readonly string[];
}

/** Has a child import these, when the program has everything in the cache that it imports itself. */
async function importIn(
  permissions: (host: string) => PermissionOptions,
  specifiers: (host: string) => readonly string[],
): Promise<Told> {
  await using registry = new Registry();
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  try {
    const { host } = registry;
    const config = join(folder, "deno.json");
    const imports = { "@troupe/troupe": import.meta.resolve("../../../mod.ts") };
    await Deno.writeTextFile(config, JSON.stringify({ imports }));
    const main = join(folder, "main.ts");
    await Deno.writeTextFile(main, programFor(host));
    const flags = ["-A", "--no-check", "--no-lock", "--config", config];
    const env = registry.environment(join(folder, "cache"));
    assertEquals((await runProgram(main, { flags, env })).code, 0);
    assertNotEquals(registry.asked.splice(0), []);
    const args = [JSON.stringify([permissions(host), specifiers(host)])];
    const { code, stdout, stderr } = await runProgram(main, { flags, env, args });
    assertEquals(code, 0, stderr);
    const [known, ...imported] = JSON.parse(stdout) as string[];
    assertEquals(known, "1.0.0,1,1");
    return { imported, asked: registry.asked };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const known = ["npm:known@^1", "npm:known"];
const unknown = (host: string) => [
  "npm:secret-1",
  "npm:known@^2",
  "npm:@secret/2",
  "jsr:@secret/three",
  "jsr:@known/library@^2",
  `http://${host}/secret-5.js`,
  "https://jsr.io/secret-6.js",
];
const inBoth = (specifiers: readonly string[]) => specifiers.flatMap((name) => [name, `worker: ${name}`]);

const silent: readonly [string, PermissionOptions][] = [
  ["none", "none"],
  ["{}", {}],
  ["all but net and import", { read: true, write: true, env: true, run: true, ffi: true, sys: true }],
  ["net of one host", { net: ["127.0.0.1:9"] }],
];

for (const [what, permissions] of silent) {
  Deno.test(`permissions: ${what}: what is in the cache can be imported, and nothing else is asked for`, async () => {
    let loaded = "";
    const { imported, asked } = await importIn(() => permissions, (host) => {
      loaded = `http://${host}/known.js`;
      return [...known, loaded, ...unknown(host)];
    });
    // What it imports itself it may import again; a worker would load it anew.
    assertEquals({ asked, imported }, { asked: [], imported: [...inBoth(known), loaded] });
  });
}

Deno.test("permissions: { net: true } leaves packages of npm, as everywhere in Deno, and no other import", async () => {
  const specifiers = (host: string) => ["npm:another", "jsr:@another/one", `http://${host}/another.js`];
  const { imported } = await importIn(() => ({ net: true }), specifiers);
  assertEquals(imported, inBoth(["npm:another"]));
});

Deno.test("permissions: { import: true } allows every import", async () => {
  const specifiers = (host: string) => ["npm:another", "jsr:@another/one", `http://${host}/another.js`];
  let all: readonly string[] = [];
  const { imported } = await importIn(() => ({ import: true }), (host) => all = specifiers(host));
  assertEquals(imported, inBoth(all));
});

Deno.test("permissions: { import: a host } allows imports from there", async () => {
  let all: readonly string[] = [];
  const { imported } = await importIn((host) => ({ import: [host] }), (host) => all = [`http://${host}/another.js`]);
  assertEquals(imported, inBoth(all));
});
