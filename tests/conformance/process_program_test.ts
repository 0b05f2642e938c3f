import { assert, assertEquals } from "@std/assert";
import { BOUND_MS, bounded, PLACEMENTS, until } from "./process_everywhere.ts";
import { Signals } from "./fixtures/neighbours.ts";
import { Program } from "./process_program.ts";

bounded("a program with only daemons ends by itself, and stops them in order", async () => {
  await using program = new Program("daemons");
  const { code, signal, out, err } = await program.ended();
  assertEquals([code, signal, err], [0, null, ""]);
  for (const placement of PLACEMENTS) {
    for (const kind of ["process", "task", "actor"]) {
      assertEquals(count(out, `${kind} ${placement}: stopped`), 1, `${kind} ${placement}\n${out}`);
    }
    assertEquals(count(out, `process ${placement}: onExit`), 1);
  }
  assert(out.indexOf("main is done") < out.indexOf(": stopped"));
  await program.leftNothing();
});

for (const placement of PLACEMENTS) {
  bounded(`a program waits for a process that is no daemon (${placement})`, async () => {
    await using program = new Program("waits", [placement]);
    const { code, out, err } = await program.ended();
    assertEquals([code, out, err], [0, "main is done\nchild: done\n", ""]);
    await program.leftNothing();
  });

  bounded(`a program does not wait for a daemon (${placement})`, async () => {
    await using program = new Program("waits", [placement, "daemon"]);
    const { code, err } = await program.ended();
    assertEquals([code, err], [0, ""]);
    assertEquals(program.lines[0], "main is done");
    await program.leftNothing();
  });

  bounded(`a program waits for a process that itself only waits for a message (${placement})`, async () => {
    await using program = new Program("waits_for_message", [placement]);
    const { code, out, err } = await program.ended();
    assertEquals([code, out, err], [0, "main is done\nchild: got a message\n", ""]);
    await program.leftNothing();
  });

  bounded(`a program that awaits the result of a daemon gets it (${placement})`, async () => {
    await using program = new Program("awaits_result", [placement]);
    const { code, out, err } = await program.ended();
    assertEquals([code, out, err], [0, "daemon: done\nresult: daemon\n", ""]);
    await program.leftNothing();
  });
}

for (const placement of PLACEMENTS) {
  bounded(`a program does not wait for what a daemon started (${placement})`, async () => {
    for (const workers of PLACEMENTS) {
      await using program = new Program("daemon_with_worker", [placement, workers]);
      const { code, out, err } = await program.ended();
      assertEquals([code, err, count(out, "main is done"), count(out, "worker: stopped")], [0, "", 1, 1], out);
      await program.leftNothing();
    }
  });
}

for (const group of [false, true]) {
  const whom = group ? "the whole process group" : "the program";

  bounded(`SIGINT to ${whom} stops every process once, runs onExit, and ends the program with 130`, async () => {
    await using program = new Program("ctrl_c", ["endless", "true", ...PLACEMENTS]);
    await program.said("ready");
    if (group) program.signalGroup("SIGINT");
    else program.signal("SIGINT");
    const { code, signal, out, err } = await program.ended();
    assertEquals([code, signal, err], [130, null, ""]);
    for (const placement of PLACEMENTS) {
      assertEquals(count(out, `${placement}: stopped`), 1, out);
      assertEquals(count(out, `${placement}: onExit`), 1, out);
      assert(out.indexOf(`${placement}: stopped`) < out.indexOf("main: onExit"), out);
    }
    assertEquals([count(out, "main: onExit"), count(out, "main: asked to stop")], [1, 1], out);
    await program.leftNothing();
  });

  for (const placements of [["process", "thread", "process"], ["thread", "process", "thread"], ["inline", "process"]]) {
    bounded(`SIGINT to ${whom} stops a tree in ${placements.join(", ")}, once, from the leaves`, async () => {
      await using program = new Program("ctrl_c_tree", placements);
      const leaves = 2 ** (placements.length - 1);
      await program.said(/^r[ab]*: up$/, 2 * leaves - 1);
      if (group) program.signalGroup("SIGINT");
      else program.signal("SIGINT");
      const { code, signal, err } = await program.ended();
      assertEquals([code, signal, err], [130, null, ""]);
      const stopped = program.lines.filter((line) => line.endsWith(": stopped")).map((line) => line.split(":")[0]);
      assertEquals(new Set(stopped).size, stopped.length);
      assertEquals(stopped.length, 2 * leaves - 1, program.out);
      for (const [index, name] of stopped.entries()) {
        if (name !== "r") assert(stopped.indexOf(name.slice(0, -1)) > index, program.out);
      }
      await program.leftNothing();
    });
  }

  // The pool's share of this case is tested with pools: here those who are busy are supervised.
  bounded(
    `[BEAT-26] one SIGINT to ${whom} stops a busy supervised tree in reverse order, well within its grace`,
    async () => {
      await using program = new Program("ctrl_c_supervised");
      await program.said("ready");
      const begun = performance.now();
      if (group) program.signalGroup("SIGINT");
      else program.signal("SIGINT");
      const { code, signal, out, err } = await program.ended();
      const took = performance.now() - begun;
      assertEquals([code, signal, err], [130, null, ""]);
      const said = ["d", "c", "b", "a"].map((name) => `stopped: ${name}`);
      assertEquals(out.split("\n"), ["ready", ...said, "main: bye", ""]);
      assert(took < 4000, `It took ${took} ms of a grace of 5000 ms`);
      await program.leftNothing();
    },
  );

  bounded(`SIGINT to ${whom} kills a busy loop after the grace, and nothing is left`, async () => {
    await using program = new Program("ctrl_c", ["busy", "true", "thread", "process"]);
    await program.said("ready");
    if (group) program.signalGroup("SIGINT");
    else program.signal("SIGINT");
    const { code, out } = await program.ended();
    assertEquals([code, count(out, "main: onExit")], [130, 1]);
    await program.leftNothing();
  });
}

bounded("a second SIGINT ends the program with 130 at once, and nothing is left", async () => {
  await using program = new Program("ctrl_c", ["stubborn", "true", "thread", "process"]);
  await program.said("ready");
  program.signal("SIGINT");
  await program.said("thread: asked");
  await program.said("process: asked");
  const before = performance.now();
  program.signal("SIGINT");
  const { code, signal, err } = await program.ended();
  // The grace is 5 s.
  assert(performance.now() - before < 3000);
  assertEquals([code, signal, err], [130, null, ""]);
  await program.leftNothing();
});

for (const placement of PLACEMENTS) {
  bounded(
    `SIGINT while the program awaits a result that the stop makes fail: 130, and not a word (${placement})`,
    async () => {
      await using program = new Program("ctrl_c_result", [placement]);
      await program.said("child: up");
      program.signal("SIGINT");
      const { code, out, err } = await program.ended();
      assertEquals([code, out, err], [130, "child: up\n", ""]);
      await program.leftNothing();
    },
  );

  bounded(
    `SIGINT to a program that starts one process after the other: none is started any more (${placement})`,
    async () => {
      await using program = new Program("ctrl_c_next", [placement]);
      await program.said("child 1: up");
      program.signal("SIGINT");
      const { code, out, err } = await program.ended();
      assertEquals([code, out, err], [130, "child 1: up\nchild 1: stopped\nchild 1: onExit\n", ""]);
      await program.leftNothing();
    },
  );
}

for (const placement of ["thread", "process"]) {
  bounded(`SIGINT while a process is starting ends the program well before the grace (${placement})`, async () => {
    await using program = new Program("ctrl_c_starting", [placement]);
    await program.said("importing");
    const before = performance.now();
    program.signal("SIGINT");
    const { code, out, err } = await program.ended();
    // The grace is 5 s.
    assert(performance.now() - before < 3000);
    assertEquals([code, out, err], [130, "starting\nimporting\n", ""]);
    await program.leftNothing();
  });
}

bounded("SIGINT while the program is ending by itself lets it end in order, with 130", async () => {
  await using program = new Program("ctrl_c_ending");
  await program.said("daemon: asked");
  program.signal("SIGINT");
  const { code, signal, out, err } = await program.ended();
  assertEquals([code, signal, err], [130, null, ""]);
  assertEquals(count(out, "main: onExit"), 1);
  await program.leftNothing();
});

bounded("importing the library, or starting only daemons, leaves SIGINT alone", async () => {
  for (const what of ["nothing", "daemon"]) {
    await using program = new Program("imports_only", [what]);
    await program.said("ready");
    program.signal("SIGINT");
    assertEquals((await program.ended()).signal, "SIGINT");
    await program.leftNothing();
  }
});

bounded("handleSignals: false leaves SIGINT to the program: it dies of it, and nothing is left", async () => {
  await using program = new Program("ctrl_c", ["endless", "false", "thread", "process"]);
  await program.said("ready");
  program.signal("SIGINT");
  const { signal, out } = await program.ended();
  assertEquals([signal, count(out, "stopped"), count(out, "onExit")], ["SIGINT", 0, 0]);
  await program.leftNothing();
});

const DEATHS = {
  "Deno.exit": { code: 3, ordered: false, said: "" },
  "throw": { code: 1, ordered: false, said: "on purpose" },
  "current().exit": { code: 3, ordered: true, said: "" },
};

for (const [how, { code, ordered, said }] of Object.entries(DEATHS)) {
  bounded(`a program that dies by ${how} ends with ${code}, and nothing is left, busy loops included`, async () => {
    await using program = new Program("dies", [how]);
    const end = await program.ended();
    assertEquals([end.code, end.signal, count(end.out, "ready")], [code, null, 1]);
    assert(said === "" ? end.err === "" : end.err.includes(said), end.err);
    assertEquals(count(end.out, ": stopped"), ordered ? 2 : 0, end.out);
    assertEquals(count(end.out, "main: onExit"), how === "throw" ? 0 : 1, end.out);
    await program.leftNothing();
  });
}

bounded("SIGKILL to the program: nothing is left within 2 s, busy loops included", async () => {
  for (const kind of ["endless", "busy"]) {
    await using program = new Program("ctrl_c", [kind, "true", "thread", "process", "process"]);
    await program.said("ready");
    program.signal("SIGKILL");
    await program.leftNothing();
    assertEquals((await program.ended()).signal, "SIGKILL");
  }
});

bounded("SIGKILL to a program that has not seen yet how its last subprocess ended: nothing is left", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "troupe-test-" });
  try {
    await using program = new Program("waits_for_word", [folder]);
    await program.said("started");
    program.signal("SIGSTOP");
    new Signals(folder).give("end");
    await until(() => program.running().length === 1, "the subprocess has ended", BOUND_MS / 2);
    program.signal("SIGKILL");
    await program.leftNothing();
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

function count(text: string, line: string): number {
  return text.split("\n").filter((other) => other.includes(line)).length;
}
