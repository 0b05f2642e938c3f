/** The test suite over JSR's own packages: in a copy without links/ and without the lock, which is bound to them. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { configForJsr, root } from "./package.ts";

const left = new Set([".git", "deno.lock", "links", "node_modules"]);
const copy = await Deno.makeTempDir({ prefix: "troupe_" });
let code: number;
try {
  for (const { name } of Deno.readDirSync(root)) {
    if (!left.has(name)) cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  await Deno.writeTextFile(join(copy, "deno.json"), JSON.stringify(configForJsr, null, 2));
  const args = ["test", "-A", "--no-check", "--no-lock", "tests", ...Deno.args];
  ({ code } = await new Deno.Command(Deno.execPath(), { args, cwd: copy }).spawn().status);
} finally {
  await Deno.remove(copy, { recursive: true });
}
Deno.exit(code);
