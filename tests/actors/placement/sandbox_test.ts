import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { deadline } from "@std/async";
import { type PermissionOptions, pipe, Process, Queue, spawn, StartError } from "../../../mod.ts";
import { meetingPlace } from "../../../actors/placement/meeting_place.ts";
import { assertNothingLeft } from "../../../actors/testing.ts";
import { Talker, type Targets, tryAll } from "./fixtures/sandbox.ts";

const TIME_MS = 20_000;

/** Runs a test with something to read, to write, to connect to and to import. */
async function withTargets(test: (to: Targets) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sandbox-test-" });
  const file = `${folder}/module.ts`;
  await Deno.writeTextFile(file, "export default 1;");
  const headers = { "content-type": "text/javascript" };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("export default 1;", { headers }),
  );
  // As long as somebody is awaited there is a socket.
  const meeting = meetingPlace.expect("nobody", () => {}, "unix") as Deno.ConnectOptions;
  try {
    await test({ file, folder, port: server.addr.port, meeting });
  } finally {
    meetingPlace.forget("nobody");
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
  assertNothingLeft();
}

async function verdicts(to: Targets, permissions: PermissionOptions): Promise<Record<string, string>> {
  await using process = new Process(tryAll, [to], { placement: "process", permissions });
  await process.start();
  return await deadline(process.result, TIME_MS);
}

function those(all: Record<string, string>, verdict: string): string[] {
  return Object.keys(all).filter((what) => all[what] === verdict);
}

for (const nothing of ["none", {}, { read: [], net: false, env: undefined }] as const) {
  Deno.test(`permissions: ${JSON.stringify(nothing)} refuses everything at run time`, () =>
    withTargets(async (to) => {
      const all = await verdicts(to, nothing);
      assertEquals(those(all, "refused"), Object.keys(all));
    }));
}

Deno.test('permissions: "none" leaves calls, queues, pipes, refs to others and inline children', async () => {
  {
    await using talker = await spawn(Talker, [], { placement: "process", permissions: "none" });
    await using other = await spawn(Talker, [], { placement: "process", permissions: "none" });
    await using near = await spawn(Talker, [], { placement: "inline" });
    assertEquals(await deadline(Promise.resolve(talker.call.square(7)), TIME_MS), 49);
    assertEquals(await deadline(Promise.resolve(talker.call.squareOf(7, other)), TIME_MS), 49);
    assertEquals(await deadline(Promise.resolve(talker.call.squareOf(7, near)), TIME_MS), 49);
    assertEquals(await deadline(Promise.resolve(talker.call.squareInline(7)), TIME_MS), 49);
    const queue = new Queue<number>();
    const [here, there] = pipe<number>();
    await queue.put(42);
    await deadline(Promise.resolve(talker.call.pass(queue, there)), TIME_MS);
    assertEquals(await here.recv(), 42);
    await here.close();
  }
  assertNothingLeft();
});

Deno.test('permissions: "none" leaves no way to start threads or subprocesses: StartError', async () => {
  {
    await using talker = await spawn(Talker, [], { placement: "process", permissions: "none" });
    for (const placement of ["thread", "process"] as const) {
      const error = await assertRejects(
        () => deadline(Promise.resolve(talker.call.start(placement)), TIME_MS),
        StartError,
      );
      assertStringIncludes(error.message, placement === "thread" ? "--allow-read" : "--allow-run");
    }
    assertEquals(await deadline(Promise.resolve(talker.call.square(7)), TIME_MS), 49);
  }
  assertNothingLeft();
});

const grants: readonly [string, (to: Targets) => PermissionOptions, readonly string[]][] = [
  ["read: true", () => ({ read: true }), [
    "read a file",
    "read its own module",
    "list a folder",
    "read by node:fs",
    "import a file",
    "read a file in a worker",
  ]],
  ["read: a folder", ({ folder }) => ({ read: [folder] }), [
    "read a file",
    "list a folder",
    "read by node:fs",
    "import a file",
    "read a file in a worker",
  ]],
  ["read: a file, as a URL", ({ file }) => ({ read: [new URL(`file://${file}`)] }), [
    "read a file",
    "read by node:fs",
    "import a file",
    "read a file in a worker",
  ]],
  ["write: a folder", ({ folder }) => ({ write: [folder] }), ["write a file"]],
  ["net: a host and port", ({ port }) => ({ net: [`127.0.0.1:${port}`] }), ["connect", "fetch"]],
  ["net: a host", () => ({ net: ["127.0.0.1"] }), ["connect", "fetch", "listen"]],
  ["env: true", () => ({ env: true }), ["read a variable", "set a variable"]],
  ["env: a variable", () => ({ env: ["HOME"] }), ["read a variable", "set a variable"]],
  ["run: a program", () => ({ run: ["ls"] }), ["run a program"]],
  ["run: a shell", () => ({ run: ["/bin/sh"] }), ["run a shell by its path"]],
  ["ffi: true", () => ({ ffi: true }), ["load a library"]],
  ["sys: a kind", () => ({ sys: ["hostname"] }), ["tell the host's name"]],
  ["import: a host and port", ({ port }) => ({ import: [`127.0.0.1:${port}`] }), [
    "import a module by network",
    "import by network in a worker",
  ]],
];

for (const [what, options, allowed] of grants) {
  Deno.test(`permissions: { ${what} } allows that, and refuses everything else`, () =>
    withTargets(async (to) => {
      const all = await verdicts(to, options(to));
      assertEquals(those(all, "allowed"), allowed);
      assertEquals(those(all, "refused"), Object.keys(all).filter((what) => !allowed.includes(what)));
    }));
}
