import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The nearest of these files, in the folder of a module or above: so Deno looks for its configuration. The entry of a
 * child is no file, so that Deno would not look there by itself.
 */
export function findAbove(moduleUrl: string, names: readonly string[]): string | undefined {
  if (!moduleUrl.startsWith("file:")) return undefined;
  for (let folder = dirname(fileURLToPath(moduleUrl));; folder = dirname(folder)) {
    for (const name of names) {
      const path = join(folder, name);
      if (isFile(path)) return path;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** Whether a file is there, and may be read. */
export function isFile(path: string): boolean {
  // Not ours to read: then the child finds what it can. To try would ask a person at a terminal for permission.
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return false;
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
