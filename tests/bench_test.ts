import { assert, assertEquals, assertMatch } from "@std/assert";
import { processesOf, tagged, until } from "./machine.ts";
import { join } from "node:path";
import { root, run } from "./program.ts";

const WITHIN_MS = 120_000;
const FOLDER = join(root, "tests/bench");

Deno.test("every file that `deno bench` finds has comparisons", () => {
  const files = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith("_bench.ts"));
  for (const name of files) {
    const text = Deno.readTextFileSync(join(FOLDER, name));
    assertMatch(text, /^await suite\(import\.meta\.main, async \(\{[^}]*\bcompare\b/m, name);
    assert(text.split("\n").length <= 170, `${name} is longer than two pages`);
  }
});

Deno.test("`deno bench --json` gives groups with one baseline each, leaves nothing, and the goals are judged by it", async () => {
  const tag = crypto.randomUUID();
  const temp = await Deno.makeTempDir({ prefix: "troupe-test-" });
  const env = { ...tagged(tag), TMPDIR: temp, DENO_BENCH_QUICK: "1" };
  const files = ["bulk", "codec", "locks", "manager"].map((name) => join(FOLDER, `${name}_bench.ts`));
  try {
    const command = ["deno", "bench", "-A", "--no-check", "--json", ...files];
    const { code, stdout, stderr } = await run(command, WITHIN_MS, env);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { benches } = JSON.parse(stdout) as { benches: Benchmark[] };
    for (const [group, of] of Map.groupBy(benches, ({ group }) => group)) {
      assertEquals(of.map(({ baseline }) => baseline), of.map((_, i) => i === 0), group);
      for (const { name, results } of of) assert(results.every(({ ok }) => ok !== undefined && ok.avg > 0), name);
    }
    assert(benches.some(({ name }) => name === "@msgpack/msgpack") && benches.some(({ name }) => name === "process"));
    await until("nothing of it is left", () => processesOf(tag).length === 0);
    assertEquals([...Deno.readDirSync(temp)], []);

    const file = join(temp, "bench.json");
    await Deno.writeTextFile(file, stdout);
    const judged = await run(`deno run -A --no-check ${join(FOLDER, "run.ts")} --from=${file}`, WITHIN_MS);
    assertEquals({ code: judged.code, stderr: judged.stderr }, { code: 0, stderr: "" });
    assertMatch(judged.stdout, /\d+ of 6 goals met/);
    assertMatch(judged.stdout, /Not measured, so not judged\n[^]*^ +Inline calls, one at a time$/m);
    assertMatch(judged.stdout, /Codec, a small call: both ways: codec is [\d.]+ times as good as @msgpack\/msgpack/);
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
});

interface Benchmark {
  readonly group: string;
  readonly name: string;
  readonly baseline: boolean;
  readonly results: readonly { readonly ok?: { readonly avg: number } }[];
}
