import { assertEquals } from "@std/assert";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** Top folders, each of which may import those before it. */
const LAYERS = ["channels", "actors", "mod.ts", "examples", "tests"];

/** What the kernel may import of `channels/` outside itself. */
const KERNEL_MAY_IMPORT = ["channels/errors.ts", "channels/exit.ts"];

/** Folders and files that may start a Worker or a subprocess, or open a socket. */
const PLATFORM = ["actors/placement/", "channels/link/"];

/** Who is given a way to start children, and so imports no placement. */
const GIVEN_A_PLACEMENT = /^actors\/(manage|pool|supervis)/;

const MOST_LINES = 450;
const SAYS_NOTHING = ["common", "helpers", "index", "types", "utils"];

const root = join(import.meta.dirname!, "..");
const files = filesUnder("");
const source = files.filter(isSource);
const imports = await importsOf(files);

Deno.test("imports point one way: tests, examples, mod.ts, actors, channels", () => {
  const layer = (file: string) => LAYERS.indexOf(file.split("/")[0]);
  refuse(imports, ({ from, to }) => layer(from) !== -1 && layer(from) < layer(to));
});

Deno.test("channels/kernel/ imports of channels/ only itself, errors and exits", () => {
  refuse(imports, ({ from, to }) =>
    from.startsWith("channels/kernel/") &&
    to.startsWith("channels/") && !to.startsWith("channels/kernel/") && !KERNEL_MAY_IMPORT.includes(to));
});

Deno.test("supervisor, manager and pool import no placement", () => {
  refuse(imports, ({ from, to }) => GIVEN_A_PLACEMENT.test(from) && to.startsWith("actors/placement/"));
});

Deno.test("a file named _x.ts is imported from its own folder only, or from that folder's tests", () => {
  refuse(
    imports,
    ({ from, to }) =>
      /(^|\/)_[^/]*$/.test(to) && dirname(from) !== dirname(to) && dirname(from) !== join("tests", dirname(to)),
  );
});

Deno.test("what is published imports @std and what Deno has built in, nothing else", () => {
  refuse(
    imports,
    ({ from, to }) =>
      isSource(from) && !isSource(to) && !/^(node:|jsr:@std\/|https:\/\/jsr\.io\/@std\/|links\/std_)/.test(to),
  );
});

Deno.test("only placements and links touch the platform", () => {
  const touching = source.filter((file) => /\bWorker\(|\bDeno\.(Command|listen|connect)/.test(code(file)));
  assertEquals(touching.filter((file) => !PLATFORM.some((allowed) => file.startsWith(allowed))), []);
});

Deno.test("mod.ts holds only re-exports by name", () => {
  const rest = code("mod.ts").replaceAll(/export (type )?\{[^{}]*\} from "[^"]+";|export \{\};/g, "");
  assertEquals(rest.trim(), "");
});

Deno.test(`no file outside tests is longer than ${MOST_LINES} lines`, () => {
  const long = files.filter((file) => !file.startsWith("tests/") && text(file).split("\n").length - 1 > MOST_LINES);
  assertEquals(long, []);
});

Deno.test(`nothing is named ${SAYS_NOTHING.join(", ")}`, () => {
  const named = (part: string) => SAYS_NOTHING.includes(part.replace(/^_/, "").replace(/\.ts$/, ""));
  // Of the tests of types `types` says all.
  assertEquals(files.filter((file) => !file.startsWith("tests/types/") && file.split("/").some(named)), []);
});

interface Import {
  from: string;
  to: string;
}

function refuse(imports: Import[], wrong: (edge: Import) => boolean): void {
  assertEquals(imports.filter(wrong).map(({ from, to }) => `${from} imports ${to}`), []);
}

/** Whether the file is published. */
function isSource(file: string): boolean {
  return file === "mod.ts" || file.startsWith("actors/") || file.startsWith("channels/");
}

function filesUnder(folder: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) {
      const skipped = name === "node_modules" || name === "coverage" || (name.startsWith(".") && name !== ".ci");
      return skipped ? [] : filesUnder(`${folder}${name}/`);
    }
    return name.endsWith(".ts") ? [folder + name] : [];
  });
}

function text(file: string): string {
  return Deno.readTextFileSync(join(root, file));
}

/** The file without its comments. */
function code(file: string): string {
  return text(file).replaceAll(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
}

/** Every import, of types too, between these files and from them to packages. */
async function importsOf(files: string[]): Promise<Import[]> {
  // One graph of everything: mod.ts alone would not reach what only a child's first module imports.
  const all = files.map((file) => `import ${JSON.stringify(pathToFileURL(join(root, file)))};`).join("");
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--config", join(root, "deno.json"), `data:text/javascript,${encodeURIComponent(all)}`],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));

  const graph: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const base = pathToFileURL(root + "/").href;
  const name = (specifier: string) =>
    decodeURIComponent(specifier.startsWith(base) ? specifier.slice(base.length) : specifier);
  return graph.modules.filter((module) => module.specifier.startsWith(base)).flatMap((module) =>
    (module.dependencies ?? []).flatMap(({ code, type }) =>
      [code, type].flatMap((target) =>
        target?.specifier ? [{ from: name(module.specifier), to: name(target.specifier) }] : []
      )
    )
  );
}

interface Graph {
  modules: {
    specifier: string;
    dependencies?: { code?: { specifier?: string }; type?: { specifier?: string } }[];
  }[];
}
