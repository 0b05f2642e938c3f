/**
 * A manager's dict, used from a thread and from a subprocess, beside Python's `Manager().dict()` used from a process: the
 * same thing one at a time, in turns. What is measured is measured where the user is.
 *
 * @module
 */

import { manage, type PlacementName, spawn } from "../../mod.ts";
import { DictUser } from "./dict_user.ts";
import { type Alternative, compare, printMachine, quick } from "./harness.ts";

const WITH_STORE = 64;

/** Python's manager, which does so many of one thing for a line that says so. */
class Python implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #answers: ReadableStreamDefaultReader<Uint8Array>;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;

  private constructor() {
    const script = new URL("./manager_peer.py", import.meta.url).pathname;
    this.#process = new Deno.Command("python3", { args: [script], stdin: "piped", stdout: "piped" }).spawn();
    this.#answers = this.#process.stdout.getReader();
    this.#requests = this.#process.stdin.getWriter();
  }

  static async start(): Promise<Python> {
    const python = new Python();
    await python.#answer();
    return python;
  }

  async run(name: string, count: number): Promise<void> {
    await this.#requests.write(new TextEncoder().encode(`${name} ${count}\n`));
    await this.#answer();
  }

  /** One line for each request, and nothing after it. */
  async #answer(): Promise<void> {
    const isLast = (bytes: Uint8Array | undefined) => bytes === undefined || bytes.at(-1) === 0x0a;
    while (!isLast((await this.#answers.read()).value));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close();
    await this.#answers.cancel();
    await this.#process.status;
  }
}

printMachine();
await using python = await Python.start();
await using manager = await manage();
const folder = Deno.makeTempDirSync({ prefix: "troupe-bench-" });
await using stored = await manage({}, { store: `${folder}/state.db` });
const dict = await manager.dict<string, number>();
const onDisk = await stored.dict<string, number>({ name: "dict" });
await using users = new AsyncDisposableStack();
const user = async (placement: PlacementName) => users.use(await spawn(DictUser, [], { placement }));
const [thread, process] = [await user("thread"), await user("process")];
const from = { "from a thread": thread, "from a subprocess": process };

for (const name of ["set", "get", "increment", "update"] as const) {
  await compare({
    title: `Shared dict: ${name}, one at a time`,
    show: "time",
    roundMs: quick ? 60 : 150,
    alternatives: [
      { name: "Python's Manager", run: (count) => python.run(name, count) },
      ...Object.entries(from).map(([where, user]): Alternative => ({
        name: where,
        run: (count) => user.with({ timeoutMs: Infinity }).call[name](dict, count),
      })),
    ],
  });
}

await compare({
  title: `Shared dict: set, ${WITH_STORE} at a time, in memory and on disk`,
  show: "rate",
  alternatives: [
    { name: "Python's Manager, one at a time", run: (count) => python.run("set", count) },
    ...Object.entries(from).flatMap(([where, user]): Alternative[] => {
      const { call } = user.with({ timeoutMs: Infinity });
      return [
        { name: where, run: (count) => call.setMany(dict, WITH_STORE, count) },
        { name: `${where}, on disk`, run: (count) => call.setMany(onDisk, WITH_STORE, count) },
        { name: `${where}, on disk, one by one`, run: (count) => call.setMany(onDisk, 1, count) },
      ];
    }),
  ],
});

globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
