import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { bounded, PLACEMENTS } from "./process_everywhere.ts";
import { Program } from "./process_program.ts";

const CRASHES = {
  thread: { "Deno.exit": "3 undefined error", "process.exit": "3 undefined error", close: "0 undefined normal" },
  process: {
    "Deno.exit": "3 undefined error",
    "process.exit": "3 undefined error",
    close: "0 undefined normal",
    SIGKILL: "-9 SIGKILL killed",
    abort: "-6 SIGABRT killed",
    heap: "-5 SIGTRAP out-of-memory",
  },
};

for (const [placement, crashes] of Object.entries(CRASHES)) {
  for (const [crash, ended] of Object.entries(crashes)) {
    bounded(`[BEAT-40] the last words of a ${placement} before ${crash} arrive, and its exit is right`, async () => {
      await using program = new Program("crash", [placement, crash, "3000"]);
      const { code, err, out } = await program.ended();
      const lines = out.split("\n");
      assertEquals([code, lines.length], [0, 3002], out.slice(-300));
      assertEquals(lines.slice(-3), ["last words", `ended: ${ended}`, ""]);
      for (let line = 1; line < 3000; line++) assert(lines[line - 1].startsWith(`line ${line} x`));
      assertStringIncludes(err, "last words on error\n");
      await program.leftNothing();
    });
  }
}

for (const placement of PLACEMENTS) {
  for (const failure of ["throw", "later", "timer", "rejection", "stack overflow"]) {
    bounded(
      `[BEAT-40] the stack of an uncaught error (${failure}) is on stderr before a ${placement} counts as ended`,
      async () => {
        await using program = new Program("failure", [placement, failure]);
        const { code, err, out } = await program.ended();
        assertEquals([code, out], [0, ""]);
        const ended = err.indexOf("ended: 1\n");
        const told = err.slice(0, ended);
        assertEquals(err.slice(ended), "ended: 1\n");
        assertMatch(told, /^Process-1 \(\S+\) ended by an uncaught error[^\n]*: RangeError: /);
        assertStringIncludes(told, "process_crashes.ts:");
        assertMatch(told, failure === "stack overflow" ? /at overflow/ : /at (Timeout\.)?throwDeep/);
        if (failure !== "stack overflow") assertStringIncludes(told, "the reason");
        await program.leftNothing();
      },
    );
  }
}
