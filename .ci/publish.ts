/** `deno publish` from a copy of what is published, over the packages of JSR itself instead of links/. */
import { config, published, runInCopy } from "./copy.ts";

const { links: _, ...rest } = config;
await runInCopy(published, rest, ["publish", "--allow-dirty", "--no-lock", ...Deno.args]);
