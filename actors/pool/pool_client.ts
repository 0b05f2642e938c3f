import { DisconnectedError, TimeoutError } from "../../channels/errors.ts";
import { whoActs } from "../../channels/kernel/acting.ts";
import { ask, discard, type Question, tell } from "../../channels/kernel/ask.ts";
import type { Target } from "../../channels/kernel/cell.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { type Import, passagesOf } from "../../channels/kernel/handle.ts";
import { destinationOf, pack, packPlain } from "../../channels/kernel/pack.ts";
import type { Packet } from "../../channels/kernel/packet.ts";
import { singleton } from "../../channels/kernel/singleton.ts";
import { type Patience, patience } from "../../channels/kernel/wait.ts";
import { NotSerializableError } from "../../channels/errors.ts";
import { Bridges } from "../bridge.ts";
import { registrationOf } from "../definition.ts";
import { checkArgs } from "../spawn_options.ts";
import { assertMayStart } from "../start_guard.ts";
import { checkRunOptions, type RunOptions } from "./pool_options.ts";
import type { Report } from "./report.ts";

/** Some items of a map, packed. */
export interface PackedItems {
  /** The index of the first. */
  readonly first: number;
  readonly count: number;
  readonly body: Packet;
}

const jobs: { last: number } = singleton("pool-jobs", () => ({ last: 0 }));

/** One handle's way to a pool, wherever that is. */
export class PoolClient {
  /** @param size how many workers the pool has at most */
  constructor(readonly target: Target, readonly size: number, readonly imported: Import | undefined = undefined) {}

  /** One call, in whichever worker is free. */
  async run(task: unknown, args: readonly unknown[], options: RunOptions): Promise<unknown> {
    const name = taskOf("run a task", task);
    const action = `run ${name.slice(name.indexOf(" ") + 1)}`;
    checkArgs(action, args);
    checkRunOptions(action, options);
    const { transfer, retries = 0, priority = 0 } = options;
    const wait = patience(action, options);
    assertMayStart(action);
    const late = (timeoutMs: number) =>
      new TimeoutError(`Cannot ${action}: it was not done after ${timeoutMs} ms`, { timeoutMs });
    if (wait.once) throw late(wait.timeoutMs);
    const bridges = new Bridges();
    try {
      const body = pack(args, "args", destinationOf(this.target), { transfer, bridge: bridges.bridge });
      return await this.#ask("run", `${priority} ${retries} ${name}`, { body, wait, late });
    } finally {
      bridges.close();
    }
  }

  /** A number for a new job. */
  nextJob(): number {
    return ++jobs.last;
  }

  /** Packs items that are next to each other. Nothing has happened when it throws. */
  packItems(items: readonly unknown[], first: number): PackedItems {
    try {
      return { first, count: items.length, body: pack(items, "items", destinationOf(this.target)) };
    } catch (error) {
      if (error instanceof NotSerializableError) throw renamed(error, items, first);
      throw error;
    }
  }

  /** Gives back what is in items that are not sent after all. */
  discard({ body }: PackedItems): void {
    discard(this.target, whoActs.holder(), body);
  }

  /** Has items done; `told` hears of what becomes of them, in order, until no more will. */
  async chunk(
    job: number,
    items: PackedItems,
    mode: number,
    task: string,
    told: (report: Report) => void,
  ): Promise<void> {
    const { first, count, body } = items;
    let report = await this.#ask("chunk", `${job} ${first} ${count} ${mode} ${task}`, { body }) as Report;
    told(report);
    while (!report[2]) {
      report = await this.#ask("more", `${job} ${first}`) as Report;
      told(report);
    }
  }

  /** Begins nothing more of a job. What has begun is asked to stop, and after `index` not waited for. */
  abort(job: number, index: number): void {
    tell(this.target, whoActs.holder(), "abort", `${job} ${index}`, packPlain(null));
  }

  /** Asks for what concerns the pool as a whole. */
  request(verb: string, wait?: Patience): Promise<unknown> {
    return this.#ask(verb, "", wait && { wait, late: (ms) => late(verb, ms) });
  }

  #ask(verb: string, detail: string, question?: Partial<Question>): Promise<unknown> {
    const lost = () => new DisconnectedError(`Cannot ${verb === "more" ? "run" : verb}: the home of the pool is gone`);
    return ask(this.target, { holder: whoActs.holder(), verb, detail, lost, ...question });
  }
}

function late(verb: string, timeoutMs: number): TimeoutError {
  return new TimeoutError(`Cannot ${verb} a pool: it was not over after ${timeoutMs} ms`, { timeoutMs });
}

/**
 * A task's module and name.
 *
 * @throws {TypeError} If it is not registered, or a class.
 */
export function taskOf(action: string, task: unknown): string {
  const { kind, moduleUrl, name } = registrationOf(action, task);
  if (kind !== "task") throw new TypeError(`Cannot ${action}: ${name} is a class, use spawn`);
  return `${moduleUrl} ${name}`;
}

/** The same error with a path that counts from the first of all items. */
function renamed(error: NotSerializableError, items: readonly unknown[], first: number): unknown {
  const index = Number(/^items\[(\d+)\]/.exec(error.path)?.[1] ?? NaN);
  if (first === 0 || Number.isNaN(index)) return error;
  try {
    encode(items[index], `items[${first + index}]`, {
      handle: (object) => passagesOf(object) && 0,
      transfer: () => undefined,
    });
  } catch (again) {
    return again;
  }
  return error;
}
