/** Sees that a program under attack lives, says nothing harmful, and stays within its bounds. */
import { assert, assertEquals } from "@std/assert";

const GROWTH_BYTES = 512 * 1024 * 1024;
const LINE = 20_000;

/** No step of an attack may take so long, however busy the machine is: it is thousands of times the usual. */
export const STEP_MS = 20_000;

/** Runs an attack, after which nothing is uncaught, no log line is harmful, and little memory is kept. */
export async function underAttack(attack: () => Promise<void>): Promise<void> {
  const uncaught: unknown[] = [];
  const note = (event: Event) => {
    event.preventDefault();
    uncaught.push((event as PromiseRejectionEvent).reason ?? (event as ErrorEvent).error);
  };
  addEventListener("unhandledrejection", note);
  addEventListener("error", note);
  const harmful: string[] = [];
  const { error: consoleError } = console;
  console.error = (...args: unknown[]) => {
    const line = args.map((arg) => String(arg)).join(" ");
    if (harmful.length < 3 && !isHarmless(line)) harmful.push(line.slice(0, 500));
  };
  const before = Deno.memoryUsage().rss;
  try {
    await attack();
  } finally {
    console.error = consoleError;
    removeEventListener("unhandledrejection", note);
    removeEventListener("error", note);
  }
  assertEquals(uncaught.slice(0, 3), []);
  assertEquals(harmful, []);
  assertEquals(faults.splice(0), []);
  const growth = Deno.memoryUsage().rss - before;
  assert(growth < GROWTH_BYTES, `it grew by ${growth} bytes`);
}

/** A text is bounded, and a terminal obeys nothing in it. */
export function assertHarmless(text: string): void {
  assert(isHarmless(text), `a text of ${text.length} characters may do harm: ${JSON.stringify(text.slice(0, 500))}`);
}

function isHarmless(text: string): boolean {
  return text.length < LINE && !hasControls(text);
}

/** Faults that an attack has brought to light so far. */
const faults: string[] = [];

/** Judges an error that something ended with, where nobody else would hear of it. */
export function judge(error: unknown): void {
  try {
    assertKeepsPromises(error);
  } catch (fault) {
    if (faults.length < 3) faults.push(String(fault));
  }
}

/**
 * An error has the strings that it promises, and one that was made here says what cannot be done; anything else may have been
 * thrown, too.
 */
export function assertKeepsPromises(error: unknown): void {
  if (!Error.isError(error)) return;
  assertEquals([typeof error.name, typeof error.message, typeof error.stack], ["string", "string", "string"]);
  const isOurs = /\n +at .*(channels|actors)\//.test(error.stack!);
  const isMistake = isOurs && /^(?!Cannot )|^Cannot (read|set) propert/.test(error.message);
  assert(!isMistake, `it is a mistake of ours: ${error.stack}`);
}

/** A step of an attack is over in time. */
export async function inTime(what: string, step: () => Promise<void>): Promise<void> {
  const since = performance.now();
  await step();
  const took = performance.now() - since;
  assert(took < STEP_MS, `${what} kept the program busy for ${took} ms`);
}

/** Uses handles that have come from elsewhere, whose home may be there, as a program does. */
export async function use(value: unknown): Promise<void> {
  if (!Array.isArray(value)) return;
  const done: Promise<unknown>[] = [];
  for (const face of value) {
    if (typeof face !== "object" || face === null || Array.isArray(face)) continue;
    for (const [method, ...args] of USES) {
      if (typeof face[method] !== "function") continue;
      done.push((async () => await face[method](...args))().catch(judge));
    }
  }
  await Promise.all(done);
}

/** Whether a terminal would obey something in a text; lines and tabs are harmless. */
function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code < 0x20 && code !== 0x0a && code !== 0x09) || code === 0x7f) return true;
  }
  return false;
}

const SOON = { timeoutMs: 50 };
const USES: readonly (readonly [string, ...unknown[]])[] = [
  ["put", 1, SOON],
  ["get", SOON],
  ["tryGet"],
  ["size"],
  ["send", 1, SOON],
  ["recv", SOON],
  ["poll"],
  ["acquire", SOON],
  ["tryAcquire"],
  ["wait", SOON],
  ["isSet"],
  ["read", 0, 1],
  ["add", 1],
  ["set", "a", 1],
  ["snapshot"],
  ["join", SOON],
  ["stats"],
  ["ready", SOON],
  ["close"],
];
