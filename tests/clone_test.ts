/** A clone in the hands of people who came for the library alone: no downloads, no warnings. */

import { assertEquals, assertMatch } from "@std/assert";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { config, configForJsr, standIns, usesStandIns } from "../.ci/package.ts";
import { withoutRestarts } from "./examples.ts";
import { root, run } from "./program.ts";

const WITHIN_MS = 30_000;

/** A copy of what a clone has, without its history. */
function copyTo(folder: string): void {
  for (const name of readdirSync(root)) {
    if (name !== ".git" && name !== "node_modules") cpSync(join(root, name), join(folder, name), { recursive: true });
  }
}

/** Where Deno keeps packages of npm below its cache. */
function packagesIn(cache: string): string[] {
  const below = (path: string): string[] => {
    try {
      return [...Deno.readDirSync(path)].map(({ name }) => name);
    } catch {
      return [];
    }
  };
  return below(join(cache, "npm")).flatMap((registry) => below(join(cache, "npm", registry)));
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (
  const [what, command] of [
    ["the first example", "deno run --allow-read=. examples/00_hello.ts"],
    ["an example with subprocesses", "deno run -A examples/16_restart.ts process"],
  ]
) {
  Deno.test(`${what} downloads nothing into an empty cache`, { ignore: !usesStandIns }, async () => {
    await withFolder(async (cache) => {
      const { code, stderr } = await run(command, WITHIN_MS, { DENO_DIR: cache });
      assertEquals({ code, stderr: withoutRestarts(stderr) }, { code: 0, stderr: "" });
      assertEquals(packagesIn(cache), []);
    });
  });
}

const importing = {
  "by the path of mod.ts": { imports: { "@troupe/troupe": "./troupe/mod.ts" } },
  "as a link that JSR's package gives way to": {
    imports: { "@troupe/troupe": "jsr:@troupe/troupe@^0.1" },
    links: ["./troupe"],
  },
};

for (const [how, config] of Object.entries(importing)) {
  Deno.test(`a program that has a clone below it, and imports it ${how}, runs without a warning`, {
    ignore: !usesStandIns,
  }, async () => {
    await withFolder(async (folder) => {
      copyTo(join(folder, "troupe"));
      Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(config));
      cpSync(join(root, "examples/16_restart.ts"), join(folder, "restart.ts"));
      Deno.writeTextFileSync(join(folder, "listening.ts"), LISTENING);
      const env = { DENO_DIR: join(folder, "cache") };
      for (const placement of ["thread", "process"]) {
        const ran = await run(`deno run -A ${join(folder, "restart.ts")} ${placement}`, WITHIN_MS, env);
        assertEquals({ code: ran.code, stderr: withoutRestarts(ran.stderr) }, { code: 0, stderr: "" });
      }
      const { code, stdout, stderr } = await run(`deno run -A ${join(folder, "listening.ts")}`, WITHIN_MS, env);
      assertEquals({ code, stdout, stderr }, { code: 0, stdout: "hello\n", stderr: "" });
      assertEquals(packagesIn(env.DENO_DIR), []);
    });
  });
}

/** A program that needs @std at run time: two ends find that they have the same key. */
const LISTENING = `import { connect, listen } from "@troupe/troupe";
await using listener = await listen<string>({ port: 0 }, { authKey: "key" });
const [there, here] = await Promise.all([listener.accept(), connect<string>(listener.address, { authKey: "key" })]);
await here.send("hello");
console.log(await there.recv());
await Promise.all([here.close(), there.close()]);
`;

Deno.test("a stand-in is of the least version that deno.json names, and exports nothing that nobody imports", {
  ignore: !usesStandIns,
}, () => {
  const text = sources(["actors", "channels", "tests", "mod.ts", "README.md"]).map((file) =>
    Deno.readTextFileSync(file)
  );
  for (const member of standIns) {
    const { name, version, exports } = JSON.parse(Deno.readTextFileSync(join(root, member, "deno.json")));
    assertEquals(config.imports[name], `jsr:${name}@^${version}`);
    const imported = new Set(text.flatMap((text) => importsOf(text, name)));
    for (const file of Object.values<string>(exports)) {
      const exported = exportsOf(Deno.readTextFileSync(join(root, member, file)));
      assertEquals(exported.filter((one) => !imported.has(one)), [], `${member}/${file}`);
    }
  }
});

Deno.test("`deno task std` says which @std it is, and takes that of JSR when told to", async () => {
  await withFolder(async (folder) => {
    for (const name of [".ci", "deno.json", "deno.lock"]) {
      if (name !== "deno.lock" || usesStandIns) cpSync(join(root, name), join(folder, name), { recursive: true });
    }
    const std = async (...args: string[]) => {
      const script = join(folder, ".ci/std.ts");
      // By this package's deno.json: the copy lacks what that names.
      const command = ["deno", "run", "-A", "--config", join(root, "deno.json"), script, ...args];
      const { code, stdout } = await run(command, WITHIN_MS);
      assertEquals(code, 0);
      return stdout;
    };
    if (usesStandIns) assertMatch(await std(), /^@std: the stand-ins of links\/\n$/);
    assertMatch(await std("jsr"), /^@std: the packages of JSR\n$/);
    assertMatch(await std(), /^@std: the packages of JSR\n$/);
    assertEquals(JSON.parse(Deno.readTextFileSync(join(folder, "deno.json"))), configForJsr);
  });
});

function sources(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const full = join(root, path);
    if (!Deno.statSync(full).isDirectory) return [full];
    const files = readdirSync(full, { recursive: true, withFileTypes: true });
    // The contract of the stand-ins is no use of them.
    return files.filter(({ name }) => name.endsWith(".ts") && name !== "stand_ins_test.ts")
      .map(({ parentPath, name }) => join(parentPath, name));
  });
}

/** The names that a text imports of a package, of its examples too. */
function importsOf(text: string, name: string): string[] {
  const imports = text.matchAll(/import (?:type )?\{([^}]*)\} from "([^"]+)"/g);
  return [...imports].filter(([, , from]) => from === name || from.startsWith(`${name}/`)).flatMap(([, list]) =>
    list.split(",").map((one) => one.replace(/^[\s*]*(type )?/, "").split(" as ")[0].trim())
  );
}

/** The values that a module exports; a type belongs to what it is the type of. */
function exportsOf(text: string): string[] {
  const declared = [...text.matchAll(/^export (?:async )?(?:function|class|const) (\w+)/gm)].map(([, name]) => name);
  const listed = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) => list.split(","));
  const values = listed.map((one) => one.trim()).filter((one) => one !== "" && !one.startsWith("type "));
  return [...new Set([...declared, ...values])];
}

Deno.test("a program with stricter options and the types of a browser checks with a clone below it", {
  ignore: !usesStandIns,
}, async () => {
  await withFolder(async (folder) => {
    copyTo(join(folder, "troupe"));
    const compilerOptions = {
      noUnusedLocals: true,
      noUnusedParameters: true,
      noPropertyAccessFromIndexSignature: true,
      lib: ["dom", "dom.iterable", "esnext", "deno.ns"],
    };
    const config = { ...importing["by the path of mod.ts"], compilerOptions };
    Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(config));
    cpSync(join(root, "examples/00_hello.ts"), join(folder, "hello.ts"));
    const { code, stderr } = await run(`deno check --no-lock ${join(folder, "hello.ts")}`, 2 * WITHIN_MS);
    assertEquals(code, 0, stderr);
  });
});
