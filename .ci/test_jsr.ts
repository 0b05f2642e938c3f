/** The test suite over JSR's own packages: in a copy without links/ and without the lock, which is bound to them. */
import { config, root, runInCopy, withoutStandIns } from "./copy.ts";

const left = new Set([".git", "deno.lock", "links", "node_modules"]);
const entries = [...Deno.readDirSync(root)].map((entry) => entry.name).filter((name) => !left.has(name));
await runInCopy(entries, withoutStandIns(config), ["test", "-A", "--no-check", "--no-lock", "tests", ...Deno.args]);
