/** What the operating system says of processes and threads (Linux), and waiting for it to say something. */

import { delay } from "@std/async";

/** A process as the system shows it. */
export interface Seen {
  readonly pid: number;
  /** The parent's number; that of init once the parent is gone. */
  readonly ppid: number;
  /** A letter; `Z` is a zombie, of which nothing is left but its number. */
  readonly state: string;
}

/** The variable by which `processesOf` knows a program and everything that it starts. */
const TAG = "TROUPE_TEST_TAG";

/** Environment variables that mark a program and all that it starts, so that it is found also when it is an orphan. */
export function tagged(tag: string): Record<string, string> {
  return { [TAG]: tag };
}

/** Marks all that this process starts from now on. */
export function setTag(): string {
  const tag = crypto.randomUUID();
  Deno.env.set(TAG, tag);
  return tag;
}

/** The living processes that were marked so; zombies are gone. */
export function processesOf(tag: string): Seen[] {
  return processes().filter(({ pid, state }) => state !== "Z" && environmentOf(pid).includes(`${TAG}=${tag}\0`));
}

/** Whether a process is there and no zombie. */
export function lives(pid: number): boolean {
  const seen = see(pid);
  return seen !== undefined && seen.state !== "Z";
}

/** The living children of this process. */
export function children(): Seen[] {
  return processes().filter(({ ppid, state }) => ppid === Deno.pid && state !== "Z");
}

/** Whether this machine has Python. */
export function hasPython(): boolean {
  try {
    return new Deno.Command("python3", { args: ["-c", "0"] }).outputSync().success;
  } catch {
    return false;
  }
}

/** Has the system stop the one subprocess that `start` starts. */
export async function suspended<T>(start: () => Promise<T>): Promise<T> {
  const before = new Set(children().map(({ pid }) => pid));
  const started = await start();
  const [{ pid }] = children().filter((child) => !before.has(child.pid));
  Deno.kill(pid, "SIGSTOP");
  // A signal that comes before it has stopped would be handled first.
  await until("the subprocess has stopped", () => children().some((child) => child.pid === pid && child.state === "T"));
  return started;
}

/** How many worker threads this process has; those of the runtime itself do not count. */
export function workerThreads(pid: number = Deno.pid): number {
  return commandsOfThreads(pid).filter((command) => command.startsWith("worker-")).length;
}

/** Processor time that a process has used, in milliseconds. */
export function busyMs(pid: number = Deno.pid): number {
  const [user, system] = statOf(pid).slice(11, 13).map(Number);
  return (user + system) * 10;
}

/** The open files, sockets and pipes of a process. */
export function descriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Gives this program, and what it starts, a folder for temporary files that nobody else uses. Says what is in it. */
export function ownTemporaryFolder(): { readonly path: string; readonly entries: string[] } {
  const path = Deno.makeTempDirSync({ prefix: "troupe-test-" });
  // The environment is the whole process's, and other test files come after this one.
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", path);
  globalThis.addEventListener("unload", () => {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    Deno.removeSync(path, { recursive: true });
  });
  return {
    path,
    get entries() {
      return [...Deno.readDirSync(path)].map(({ name }) => name);
    },
  };
}

/**
 * Waits for a fact.
 *
 * @returns what `fact` gave then: asked again, it might give something else
 * @throws {Error} If it is not one within the time; the message says what was waited for, and how things are instead.
 */
export async function until<T>(
  what: string,
  fact: () => T,
  timeoutMs = 10_000,
  instead?: () => unknown,
): Promise<NonNullable<T>> {
  for (const end = performance.now() + timeoutMs;; await delay(5)) {
    const found = fact();
    if (found) return found;
    if (performance.now() < end) continue;
    throw new Error(`Not within ${timeoutMs} ms: ${what}${instead ? `, but ${Deno.inspect(instead())}` : ""}`);
  }
}

function processes(): Seen[] {
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => pid > 0);
  return pids.map(see).filter((seen) => seen !== undefined);
}

function see(pid: number): Seen | undefined {
  try {
    const [state, ppid] = statOf(pid);
    return { pid, ppid: Number(ppid), state };
  } catch {
    return undefined;
  }
}

/** What follows the name, which may itself have spaces and brackets in it. */
function statOf(pid: number): string[] {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function environmentOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/environ`);
  } catch {
    return "";
  }
}

function commandsOfThreads(pid: number): string[] {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/task/${name}/comm`);
    } catch {
      // It ended meanwhile.
      return "";
    }
  });
}
