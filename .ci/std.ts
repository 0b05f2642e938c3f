/**
 * Which packages of @std this clone uses. `deno task std` says it; `deno task std jsr` takes those of JSR itself in place
 * of the stand-ins of links/, and `git checkout deno.json deno.lock` takes the stand-ins again.
 *
 * @module
 */
import { configForJsr, root, usesStandIns } from "./package.ts";

const [wanted, ...rest] = Deno.args;
if (rest.length > 0 || (wanted !== undefined && wanted !== "jsr")) {
  console.error(`Cannot take ${Deno.args.join(" ")}: deno task std [jsr]`);
  Deno.exit(2);
}
if (wanted === "jsr" && usesStandIns) {
  Deno.writeTextFileSync(`${root}/deno.json`, `${JSON.stringify(configForJsr, null, 2)}\n`);
  // It is bound to the stand-ins; Deno writes it anew.
  Deno.removeSync(`${root}/deno.lock`);
}
console.log(`@std: ${wanted === "jsr" || !usesStandIns ? "the packages of JSR" : "the stand-ins of links/"}`);
