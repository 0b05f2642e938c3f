/**
 * A dry run of `deno publish` in a copy of what is published. Not in place: `deno publish` lists or refuses a link
 * inside the package's root, so the copy's links point back here, outside it.
 */
import { join } from "node:path";
import { config, published, root, runInCopy } from "./copy.ts";

const links = config.links?.map((link) => join(root, link));
await runInCopy(published, { ...config, links }, ["publish", "--dry-run", "--allow-dirty", "--no-lock"]);
