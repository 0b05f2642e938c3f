/** What a child loads before its actor runs: the time that its start takes grows with it, and so does its memory. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../../program.ts";

/** To be lowered when a child loads less, and not to be raised. */
const MOST_MODULES = 270;

for (const boot of ["boot_thread.ts", "boot_process.ts"]) {
  Deno.test(`a child from ${boot}, whose module imports mod.ts, loads at most ${MOST_MODULES} modules`, async () => {
    const loaded = await loadedWith([`actors/placement/${boot}`, "mod.ts"]);
    assert(loaded.length <= MOST_MODULES, `it loads ${loaded.length}`);
  });

  Deno.test(`a child from ${boot} loads nothing that starts others, connects, inspects, supervises or manages`, async () => {
    const loaded = await loadedWith([`actors/placement/${boot}`, "mod.ts"]);
    const unused = [
      "process_seat.ts",
      "thread_seat.ts",
      "socket_listener.ts",
      "socket_connection.ts",
      "collect.ts",
      "supervisor_actor.ts",
      "manager_actor.ts",
    ];
    assertEquals(loaded.filter((module) => unused.some((file) => module.endsWith(`/${file}`))), []);
  });
}

/** The modules of this package that importing these imports, without those that code imports later. */
async function loadedWith(files: readonly string[]): Promise<string[]> {
  const imports = files.map((file) => `import ${JSON.stringify(pathToFileURL(join(root, file)))};`).join("");
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "info",
      "--json",
      "--config",
      join(root, "deno.json"),
      `data:text/javascript,${encodeURIComponent(imports)}`,
    ],
  }).output();
  const { roots, modules }: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const dependencies = new Map(modules.map(({ specifier, dependencies = [] }) => [specifier, dependencies]));
  const loaded = new Set(roots);
  for (const specifier of loaded) {
    for (const { code, isDynamic } of dependencies.get(specifier) ?? []) {
      if (code?.specifier?.startsWith("file:") && !isDynamic) loaded.add(code.specifier);
    }
  }
  return [...loaded].filter((specifier) => specifier.startsWith("file:"));
}

interface Graph {
  readonly roots: string[];
  readonly modules: {
    readonly specifier: string;
    readonly dependencies?: { readonly code?: { readonly specifier?: string }; readonly isDynamic?: boolean }[];
  }[];
}
