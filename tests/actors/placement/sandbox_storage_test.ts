/** What a subprocess with fewer permissions than the program can do with the storage that Deno has for the program: nothing. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import type { PermissionOptions } from "../../../mod.ts";
import { runProgram } from "../../run_program.ts";

const program = import.meta.resolve("./fixtures/storage_program.ts");

interface Told {
  /** What the child found, in itself and in a worker. */
  readonly found: Record<string, string>;
  /** What of the program's is there after it. */
  readonly left: Record<string, string>;
  /** How many places there are on the disk. */
  readonly places: number;
}

async function tell(permissions: PermissionOptions | undefined, way: "honest" | "hostile"): Promise<Told> {
  const cache = await Deno.makeTempDir({ prefix: "troupe-test-" });
  try {
    const flags = ["-A", "--no-check", "--unstable-kv"];
    const args = [JSON.stringify([permissions, way])];
    const { code, stdout, stderr } = await runProgram(program, { flags, args, env: { DENO_DIR: cache } });
    assertEquals(code, 0, stderr);
    const places = [...Deno.readDirSync(join(cache, "location_data"))].filter(({ name }) => name !== "web_cache");
    return { ...JSON.parse(stdout), places: places.length };
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

const OF_THE_PROGRAM = { localStorage: "secret", caches: "secret", openKv: "secret" };
const REFUSED = "Cannot use";

for (const permissions of ["none", { read: true, write: true, net: true }] as const) {
  const what = JSON.stringify(permissions);
  Deno.test(`permissions: ${what}: there is no storage, and nothing is put on the disk`, async () => {
    const refused = { localStorage: REFUSED, caches: REFUSED, openKv: REFUSED };
    const found = { ...refused, sessionStorage: "nothing" };
    assertEquals(await tell(permissions, "honest"), { found, left: OF_THE_PROGRAM, places: 1 });
  });

  Deno.test(`permissions: ${what}: by no way round that a child finds or changes what the program stores`, async () => {
    const { found, left } = await tell(permissions, "hostile");
    assertEquals({ found, left }, { found: { caches: "nothing", openKv: "nothing" }, left: OF_THE_PROGRAM });
  });
}

Deno.test("a subprocess that may do all that the program may shares what that stores, as a thread does", async () => {
  const found = { ...OF_THE_PROGRAM, sessionStorage: "nothing" };
  const left = { localStorage: "changed", caches: "changed", openKv: "changed" };
  assertEquals(await tell(undefined, "honest"), { found, left, places: 1 });
});
