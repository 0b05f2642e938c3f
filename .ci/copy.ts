/** Runs deno in a temporary copy of this package, for the tasks that need another deno.json. */
import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";

/** This package's folder. */
export const root: string = join(import.meta.dirname!, "..");

/** The fields of deno.json that the tasks read or change. */
export interface Config {
  links?: string[];
  publish: { include: string[] };
}

/** This package's deno.json. */
export const config: Config = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));

/** The files and folders that are published. */
export const published: string[] = config.publish.include.map((pattern) => pattern.replace(/\/\*\*.*$/, ""));

/** Copies the entries of the package's folder, puts `changed` in place of deno.json, runs deno there and exits as it did. */
export async function runInCopy(entries: string[], changed: Config, args: string[]): Promise<never> {
  const copy = await Deno.makeTempDir({ prefix: "troupe_" });
  let code: number;
  try {
    for (const entry of entries) {
      mkdirSync(dirname(join(copy, entry)), { recursive: true });
      cpSync(join(root, entry), join(copy, entry), { recursive: true });
    }
    await Deno.writeTextFile(join(copy, "deno.json"), JSON.stringify(changed, null, 2));
    ({ code } = await new Deno.Command(Deno.execPath(), { args, cwd: copy }).spawn().status);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
  Deno.exit(code);
}
