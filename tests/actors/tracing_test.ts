/** What a trace shows of calls, as Deno's own console exporter writes it. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { deadline } from "@std/async";
import { runProgram, startProgram } from "../run_program.ts";

const program = import.meta.resolve("./fixtures/traced.ts");
const WITHIN_MS = 20_000;
const TRACED = { OTEL_DENO: "true", OTEL_EXPORTER_OTLP_PROTOCOL: "console" };

interface Span {
  readonly name: string;
  readonly kind: string;
  readonly trace: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly failed: boolean;
}

function spansIn(text: string): Span[] {
  return text.split(/^(?=[A-Z]+ )/m).flatMap((block): Span[] => {
    const [, name, trace, id, kind] = /^SPAN (.*) \[(\w+)\/(\w+)\] (\w+) /.exec(block) ?? [];
    if (name === undefined) return [];
    const parent = /^ {2}parent: (\w+)$/m.exec(block)?.[1];
    return [{ name, kind, trace, id, parent, failed: /^ {2}status: Error/m.test(block) }];
  });
}

/** A span and what is below it, in words. */
function tree(spans: readonly Span[], parent?: string): unknown[] {
  return spans.filter((span) => span.parent === parent).map(({ name, kind, id, failed }) => {
    const below = tree(spans, id);
    const said = `${name} ${kind}${failed ? " failed" : ""}`;
    return below.length === 0 ? said : [said, ...below];
  }).sort((a, b) => String(a) < String(b) ? -1 : 1);
}

Deno.test("a call that crosses three placements, and what they do for it, is one tree of one trace", async () => {
  const { code, stdout, stderr } = await runProgram(program, { args: ["thread", "process"], env: TRACED });
  assertEquals(code, 0, stderr);
  const spans = spansIn(`${stdout}\n${stderr}`);
  assertEquals(new Set(spans.map(({ trace }) => trace)).size, 1);
  const passed = [
    "thread.pass Client",
    [
      "thread.pass Server",
      ["process.note Producer", "process.note Consumer"],
      ["process.pass Client", "process.pass Server"],
    ],
  ];
  assertEquals(tree(spans), [[
    "request Internal",
    ["relay.fail Client failed", "relay.fail Server failed"],
    ["relay.pass Client", ["relay.pass Server", ["thread.note Producer", "thread.note Consumer"], passed]],
  ]]);
});

Deno.test("without being told to trace, Deno is asked for no span, and no message says more", async () => {
  const { code, stdout, stderr } = await runProgram(program, { args: ["thread"] });
  assertEquals([code, stdout], [1, ""]);
  // The program itself wants one, and is refused: this is how the library knows.
  assertMatch(stderr, /otel not initialized/);
  const { tracing } = await import("../../actors/tracing.ts");
  assertEquals(tracing, undefined);
});

Deno.test("mailboxes, restarts and queues are measured", async () => {
  const measured = import.meta.resolve("./fixtures/measured.ts");
  const program = startProgram(measured, { env: { ...TRACED, OTEL_METRIC_EXPORT_INTERVAL: "50" } });
  const reader = program.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const all = [
    ["troupe.mailbox.depth", /troupe\.actor=sleeper/, "4"],
    ["troupe.actor.restarts", /troupe\.actor=sleeper/, "1"],
    ["troupe.queue.size", /troupe\.address=/, "3"],
  ] as const;
  let said = "";
  try {
    while (!all.every(([metric, of, value]) => tells(said, metric, of, value))) {
      const { done, value } = await deadline(reader.read(), WITHIN_MS);
      assert(!done, said);
      said += value;
    }
  } finally {
    program.kill("SIGKILL");
    await Promise.all([program.status, reader.cancel(), program.stdout.cancel()]);
  }
});

/** Whether a metric was said to have a value, of whom the attributes tell. */
function tells(said: string, metric: string, of: RegExp, value: string): boolean {
  const blocks = said.split(/^(?=[A-Z]+ )/m).filter((block) => block.startsWith(`METRIC ${metric} `));
  return blocks.some((block) =>
    [...block.matchAll(/\{([^}]*)\} value=(\d+)/g)].some(([, attributes, n]) => of.test(attributes) && n === value)
  );
}
