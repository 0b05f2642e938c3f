import { assertEquals } from "@std/assert";
import { join } from "node:path";

const root = join(import.meta.dirname!, "../..");

/** The type of something that a user gets must not be `any`: it would turn every mistake that follows into a surprise at run time. */
Deno.test("no exported signature has any", async () => {
  const places = new Set<string>();
  for (const entry of ["mod.ts", "actors/testing.ts"]) {
    for (const { name, declarations } of await symbolsOf(entry)) {
      for (const declaration of declarations) findAny(declaration, name, places);
    }
  }
  assertEquals([...places], []);
});

interface Documented {
  readonly name: string;
  readonly declarations: readonly Record<string, unknown>[];
}

async function symbolsOf(entry: string): Promise<readonly Documented[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "--config", join(root, "deno.json"), join(root, entry)],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    readonly nodes: Readonly<Record<string, { readonly symbols: readonly Documented[] }>>;
  };
  const symbols = Object.values(nodes).flatMap((node) => node.symbols);
  if (symbols.length === 0) throw new Error(`deno doc found nothing in ${entry}`);
  return symbols;
}

/** Notes each place below `node` that is of type `any`, by the names on the way to it. */
function findAny(node: unknown, place: string, places: Set<string>): void {
  if (Array.isArray(node)) {
    for (const item of node) findAny(item, place, places);
  } else if (typeof node === "object" && node !== null) {
    const { kind, name, repr } = node as Record<string, unknown>;
    const here = typeof name === "string" ? `${place}.${name}` : place;
    if (kind === "keyword" && repr === "any") places.add(here);
    for (const [key, child] of Object.entries(node)) if (key !== "jsDoc") findAny(child, here, places);
  }
}
