import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The Deno configuration that applies to a module: the nearest one in its folder or above. The entry of a child is no
 * file, so that Deno would not look there by itself.
 */
export function findUserConfig(moduleUrl: string): string | undefined {
  if (!moduleUrl.startsWith("file:")) return undefined;
  for (let folder = dirname(fileURLToPath(moduleUrl));; folder = dirname(folder)) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      const path = join(folder, name);
      if (isFile(path)) return path;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

function isFile(path: string): boolean {
  // Not ours to read: then the child finds what it can. To try would ask a person at a terminal for permission.
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return false;
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
