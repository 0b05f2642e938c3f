/** The test suite over JSR's own packages: in a copy without links/ and without the lock, which is bound to them. */
import { config, root, runInCopy } from "./copy.ts";

const left = new Set([".git", "deno.lock", "links", "node_modules"]);
const entries = [...Deno.readDirSync(root)].map((entry) => entry.name).filter((name) => !left.has(name));
const { links: _, ...rest } = config;
await runInCopy([...entries, "links/stand_ins_test.ts"], rest, [
  "test",
  "-A",
  "--no-check",
  "--no-lock",
  "tests",
  "links",
  ...Deno.args,
]);
