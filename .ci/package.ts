/** This package as it lies here, and which @std it uses. */
import { join } from "node:path";

/** The package's folder. */
export const root: string = join(import.meta.dirname!, "..");

/** The fields of deno.json that tasks and tests read or change. */
export interface Config {
  imports: Record<string, string>;
  workspace: string[];
}

/** This package's deno.json. */
export const config: Config = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));

/** The members of the workspace that stand in for packages of @std. */
export const standIns: string[] = config.workspace.filter((member) => member.startsWith("./links/"));

/** Whether @std is the stand-ins of links/, and not the packages of JSR. */
export const usesStandIns: boolean = standIns.length > 0;

/** This package's deno.json, but with the packages of JSR. */
export const configForJsr: Config = {
  ...config,
  workspace: config.workspace.filter((member) => !standIns.includes(member)),
};
