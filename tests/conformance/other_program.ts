/** Another program, in which children of a suite live. One serves all tests of a file, each by a connection of its own. */

import { deadline } from "@std/async/deadline";
import { join } from "node:path";
import { registrationOf } from "../../actors/definition.ts";
import {
  type ActorClass,
  connect,
  type Connection,
  connectManager,
  type Definition,
  type ManageOptions,
  type Manager,
  type PlacementName,
  type Process,
  type QuotaOptions,
  type Ref,
  type SpawnOptions,
  type TaskFunction,
} from "../../mod.ts";
import { root } from "../program.ts";
import type { Host, Named } from "./fixtures/other_program.ts";

const KEY = "swordfish";
/** A program takes half a second to start, and more on a busy machine. */
const START_MS = 20_000;

/** A program that starts what it is told to. */
export class OtherProgram implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: Deno.ChildProcess;
  readonly #quota: QuotaOptions | undefined;
  readonly #managers: Manager[] = [];
  #joined: Promise<{ connection: Connection<unknown>; host: Ref<Host> }> | undefined;

  private constructor(folder: string, child: Deno.ChildProcess, quota: QuotaOptions | undefined) {
    this.#folder = folder;
    this.#child = child;
    this.#quota = quota;
  }

  /** @param quota how much it may have this program keep for it */
  static async start(quota?: QuotaOptions): Promise<OtherProgram> {
    const folder = Deno.makeTempDirSync({ prefix: "troupe-test-" });
    const file = "tests/conformance/fixtures/other_program.ts";
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", file, join(folder, "socket"), KEY],
      cwd: root,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    // It says so when it listens.
    const said = child.stdout.getReader();
    await deadline(said.read(), START_MS);
    await said.cancel();
    return new OtherProgram(folder, child, quota);
  }

  /** Spawns an actor there. */
  async spawn<C extends ActorClass>(
    Class: C,
    args: readonly unknown[],
    options: SpawnOptions,
  ): Promise<Ref<InstanceType<C>>> {
    return await (await this.#host()).call.spawn(namedOf(Class), args, options) as Ref<InstanceType<C>>;
  }

  /** Starts a task there. */
  async start<F extends TaskFunction>(
    task: F,
    args: Parameters<F>,
    placement: PlacementName,
  ): Promise<Process<Awaited<ReturnType<F>>>> {
    const process = await (await this.#host()).call.start(namedOf(task), args, placement);
    return process as Process<Awaited<ReturnType<F>>>;
  }

  /** Starts a manager there, and connects to it. */
  async manage({ classes = [], ...options }: ManageOptions): Promise<Manager> {
    const address = await (await this.#host()).call.manage(options, classes.map(namedOf), KEY);
    const manager = await connectManager(address, { authKey: KEY });
    this.#managers.push(manager);
    return manager;
  }

  /** Ends what a test has there, and its connection. */
  async leave(): Promise<void> {
    if (this.#joined === undefined) return;
    const { connection, host } = await this.#joined;
    this.#joined = undefined;
    await host.call.end();
    await this.#hangUp(connection);
  }

  /** Ends it as nobody can help. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#joined !== undefined) await this.#hangUp((await this.#joined).connection);
    await this.#child.stdin.close().catch(() => {});
    await deadline(this.#child.status, START_MS);
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #hangUp(connection: Connection<unknown>): Promise<void> {
    for (const manager of this.#managers.splice(0)) await manager[Symbol.asyncDispose]();
    await connection.close();
  }

  async #host(): Promise<Ref<Host>> {
    this.#joined ??= (async () => {
      const path = join(this.#folder, "socket");
      const connection = await connect<unknown, Ref<Host>>({ path }, { authKey: KEY, quota: this.#quota });
      return { connection, host: await connection.recv() };
    })();
    return (await this.#joined).host;
  }
}

let shared: OtherProgram | undefined;
let isShared = false;

/** Has another program run while the tests of this file do. */
export function withOtherProgram(): void {
  if (isShared) return;
  isShared = true;
  Deno.test.beforeAll(async () => void (shared = await OtherProgram.start()));
  Deno.test.afterAll(async () => await shared?.[Symbol.asyncDispose]());
}

/** The one that runs while the tests of this file do. */
export function otherProgram(): OtherProgram {
  if (shared === undefined) throw new Error("There is no other program: its use was not announced");
  return shared;
}

/** Ends what a test has in the other program, and its connection. */
export async function leaveOtherProgram(): Promise<void> {
  await shared?.leave();
}

function namedOf(definition: Definition): Named {
  const { moduleUrl, name } = registrationOf("start in another program", definition);
  return [moduleUrl, name];
}
