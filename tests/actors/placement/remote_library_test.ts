/** A program that has the library by the network: all that its children need of it is in the cache with the rest. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { root, run } from "../../program.ts";
import { runProgram } from "../../run_program.ts";

const PROGRAM = `
import { Process, task } from "@troupe/troupe";

function answer(): number {
  return 42;
}
task(import.meta.url, answer);

if (import.meta.main) {
  const [placement, permissions] = JSON.parse(Deno.args[0]);
  const child = new Process(answer, [], { placement, permissions });
  await child.start();
  console.log(await child.result);
}
`;

for (const how of [["thread"], ["process"], ["process", "none"]] as const) {
  Deno.test(`with the library in the cache, and no network, a child starts: ${how.join(", ")}`, async () => {
    const headers = { "content-type": "application/typescript" };
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      ({ url }) => new Response(Deno.readTextFileSync(join(root, new URL(url).pathname)), { headers }),
    );
    const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
    try {
      const troupe = `http://127.0.0.1:${server.addr.port}/mod.ts`;
      // What only connections to other programs need is not loaded.
      const imports = {
        "@troupe/troupe": troupe,
        "@std/async/abortable": "data:text/javascript,export const abortable = 0",
        "@std/async/delay": "data:text/javascript,export const delay = 0",
        "@std/async/retry": "data:text/javascript,export const retry = 0, RetryError = 0",
        "@std/msgpack": "data:text/javascript,export const decode = 0, encode = 0",
      };
      const config = join(folder, "deno.json");
      await Deno.writeTextFile(config, JSON.stringify({ imports }));
      const main = join(folder, "main.ts");
      await Deno.writeTextFile(main, PROGRAM);
      const env = { DENO_DIR: join(folder, "cache") };
      const cached = await run(["deno", "cache", "--no-check", "--no-lock", "--allow-import", main], 20_000, env);
      assertEquals(cached.code, 0, cached.stderr);
      await server.shutdown();
      const flags = ["-A", "--no-check", "--no-lock", "--cached-only", "--config", config];
      const { code, stdout, stderr } = await runProgram(main, { flags, env, args: [JSON.stringify(how)] });
      assertEquals({ code, stdout, stderr }, { code: 0, stdout: "42\n", stderr: "" });
    } finally {
      await server.shutdown();
      await Deno.remove(folder, { recursive: true });
    }
  });
}
