/** The package as it will be on JSR: what `deno publish` sends, imported from a registry in every placement. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { usesStandIns } from "../.ci/package.ts";
import { root, run } from "./program.ts";
import { Registry } from "./registry.ts";

const WITHIN_MS = 60_000;

const PROGRAM = `import { actor, connect, listen, Process, Queue, spawn, task } from "jsr:@troupe/troupe@^0.1";
import { assertNothingLeft } from "jsr:@troupe/troupe@^0.1/testing";

class Counter {
  #n = 0;
  add(by: number): number {
    return this.#n += by;
  }
}
actor(import.meta.url, Counter);

async function square(jobs: Queue<number>, squares: Queue<number>): Promise<void> {
  for await (const n of jobs) await squares.put(n * n);
}
task(import.meta.url, square);

if (import.meta.main) {
  for (const options of [
    { placement: "inline" },
    { placement: "thread" },
    { placement: "process" },
    { placement: "process", permissions: "none" },
  ] as const) {
    await using counter = await spawn(Counter, [], options);
    await counter.call.add(2);
    const [jobs, squares] = [new Queue<number>(), new Queue<number>()];
    await using process = new Process(square, [jobs, squares], options);
    await process.start();
    await jobs.put(3);
    console.log(JSON.stringify(options), await counter.call.add(2), await squares.get());
    await jobs.close();
    await process.join();
  }
  await using listener = await listen<string>({ port: 0 }, { authKey: "key" });
  const [there, here] = await Promise.all([listener.accept(), connect<string>(listener.address, { authKey: "key" })]);
  await here.send("connected");
  console.log(await there.recv());
  await Promise.all([here.close(), there.close()]);
  await listener.close();
  await assertNothingLeft();
}
`;

Deno.test("the package is published whole, and a program imports it from JSR in every placement", {
  ignore: !usesStandIns,
}, async () => {
  await using registry = new Registry();
  const publish = ["deno", "publish", "--allow-dirty", "--no-check", "--token", "a token"];
  const published = await run(publish, WITHIN_MS, registry.env);
  assertEquals(published.code, 0, published.stderr);
  const files = registry.files("@troupe/troupe");
  assertEquals(files.filter((file) => !/^(actors|channels)\/.*\.ts$/.test(file)).sort(), [
    "LICENSE",
    "README.md",
    "deno.json",
    "mod.ts",
  ]);
  const modules = await modulesOf(["mod.ts", "actors/testing.ts"]);
  assertEquals(
    files.filter((file) => file.endsWith(".ts") && !modules.has(file)),
    [],
    "published, and imported by none",
  );

  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  try {
    const main = join(folder, "main.ts");
    await Deno.writeTextFile(main, PROGRAM);
    const checked = await run(["deno", "check", "--no-config", "--no-lock", main], WITHIN_MS, registry.env);
    assertEquals(checked.code, 0, checked.stderr);
    const { code, stdout, stderr } = await run(
      ["deno", "run", "-A", "--no-config", "--no-lock", main],
      WITHIN_MS,
      registry.env,
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(stdout.trimEnd().split("\n"), [
      '{"placement":"inline"} 4 9',
      '{"placement":"thread"} 4 9',
      '{"placement":"process"} 4 9',
      '{"placement":"process","permissions":"none"} 4 9',
      "connected",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The modules of this package that entries need, at some time or other. */
async function modulesOf(entries: readonly string[]): Promise<Set<string>> {
  const base = new URL("../", import.meta.url).href;
  const all = new Set<string>();
  for (const entry of entries) {
    const { stdout } = await run(["deno", "info", "--json", join(root, entry)], WITHIN_MS);
    const { modules } = JSON.parse(stdout) as { modules: { specifier: string }[] };
    for (const { specifier } of modules) if (specifier.startsWith(base)) all.add(specifier.slice(base.length));
  }
  return all;
}
