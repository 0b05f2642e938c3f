import { assertEquals, assertMatch } from "@std/assert";
import { run } from "../../program.ts";

const WARNING = /^(Listening on \S+ without tls: what is sent can be read and changed on its way)\n$/;

for (const first of ["main", "thread"]) {
  Deno.test(`a program that others could reach without TLS is told so once (first by its ${first})`, async () => {
    const file = "tests/channels/remote/fixtures/without_tls.ts";
    const { code, stdout, stderr } = await run(`deno run -A --no-check ${file} ${first}`, 20_000);
    assertEquals({ code, stdout }, { code: 0, stdout: "done\n" });
    assertMatch(stderr, WARNING);
    assertMatch(stderr, /0\.0\.0\.0:\d+/);
  });
}

Deno.test("a sandbox is told so once, and keeps nobody else from being told", async () => {
  const { stderr } = await run("deno run -A --no-check tests/channels/remote/fixtures/without_tls.ts sandbox", 20_000);
  const lines = stderr.trimEnd().split("\n");
  assertEquals(lines.length, 2);
  for (const line of lines) assertMatch(`${line}\n`, WARNING);
});
