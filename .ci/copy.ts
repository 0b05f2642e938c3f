/** This package as it lies here, and Deno run in a temporary copy of it, for a task that needs another deno.json. */
import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";

/** This package's folder. */
export const root: string = join(import.meta.dirname!, "..");

/** The fields of deno.json that the tasks read or change. */
export interface Config {
  workspace: string[];
  publish: { include: string[] };
}

/** This package's deno.json. */
export const config: Config = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));

const isStandIn = (member: string) => member.startsWith("./links/");

/** Whether @std is the stand-ins of links/, and not the packages of JSR. */
export const usesStandIns: boolean = config.workspace.some(isStandIn);

/** The same with the packages of JSR. */
export function withoutStandIns(config: Config): Config {
  return { ...config, workspace: config.workspace.filter((member) => !isStandIn(member)) };
}

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
