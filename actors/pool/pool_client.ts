import { DisconnectedError, NotSerializableError, TimeoutError } from "../../channels/errors.ts";
import { whoActs } from "../../channels/kernel/acting.ts";
import { ask, discard, tell } from "../../channels/kernel/ask.ts";
import type { Question } from "../../channels/kernel/question.ts";
import type { Target } from "../../channels/kernel/cell.ts";
import { isPlainList, joinLists } from "../../channels/kernel/codec/join.ts";
import type { Import } from "../../channels/kernel/handle.ts";
import { destinationOf, pack, Packing, packPlain } from "../../channels/kernel/pack.ts";
import { type Movable, type Packet, plainPacket } from "../../channels/kernel/packet.ts";
import { singleton } from "../../channels/kernel/singleton.ts";
import { channelWait, type Patience, patienceOf, type WaitOptions } from "../../channels/kernel/wait.ts";
import { Bridges } from "../bridge.ts";
import { checkArgs } from "../spawn_options.ts";
import { assertMayStart } from "../start_guard.ts";
import { checkRunOptions, type RunOptions } from "./pool_options.ts";
import { checkReport, type Report } from "./report.ts";
import type { Submission } from "./submission.ts";
import { nameOf, type TaskName, taskNameOf } from "./task_name.ts";

/** Some items of a map, packed. */
export interface PackedItems {
  /** The index of the first. */
  readonly first: number;
  readonly count: number;
  readonly body: Packet;
}

/** What the chunks of one map have in common. */
export interface Job {
  /** A number that no other job of this isolate has. */
  readonly job: number;
  readonly task: TaskName;
  readonly mode: number;
  /** How often each item is run again elsewhere when its worker died. */
  readonly retries: number;
  /** How many items the pool is to do of it, also when it is closed meanwhile; 0 if that is not known. */
  readonly total: number;
}

/** A call whose arguments were checked, all but their values. */
interface Call {
  readonly name: TaskName;
  readonly wait: Patience;
  readonly options: RunOptions;
  late(timeoutMs: number): TimeoutError;
}

/** How errors name a request to a pool, where that is not the verb. */
const ACTIONS: Readonly<Record<string, string>> = { more: "run", room: "wait for room", hasRoom: "wait for room" };
/** Only what is so short goes together. */
const MOST_JOINED_BYTES = 1024;
/** Of so many tasks it is remembered how many items of them may. */
const KNOWN_TASKS = 1000;

const jobs: { last: number } = singleton("pool-jobs", () => ({ last: 0 }));

/** One handle's way to a pool, wherever that is. */
export class PoolClient {
  readonly #together = new Map<TaskName, number>();

  /**
   * @param size how many workers the pool has at most
   * @param joins whether several pieces of a map may be given to a worker at once
   */
  constructor(
    readonly target: Target,
    readonly size: number,
    readonly joins: boolean,
    readonly imported: Import | undefined = undefined,
  ) {}

  /** One call, in whichever worker is free. */
  async run(task: unknown, args: readonly unknown[], options: RunOptions): Promise<unknown> {
    return await this.#call(checkCall(task, args, options), args, 0);
  }

  /** The same, of a call that can be taken back. Throws what is wrong with the arguments. */
  submit(task: unknown, args: readonly unknown[], options: RunOptions): Submission<unknown> {
    const number = ++jobs.last;
    const result = this.#call(checkCall(task, args, options), args, number);
    result.catch(() => {});
    let isCancelled = false;
    const cancel = async () => {
      if (await this.#ask("withdraw", String(number)).catch(() => false)) isCancelled = true;
      return isCancelled;
    };
    return { result, cancel };
  }

  /** @param number what the asker takes the call back by; 0 where it never does */
  #call({ name, wait, late, options }: Call, args: readonly unknown[], number: number): Promise<unknown> {
    const { transfer, retries = 0, priority = 0 } = options;
    if (wait.once) return Promise.reject(late(wait.timeoutMs));
    const bridges = new Bridges();
    try {
      const body = pack(args, "args", destinationOf(this.target), { isList: true, transfer, bridge: bridges.bridge });
      const isPlain = priority === 0 && retries === 0 && number === 0;
      const verb = isPlain ? "run" : "runWith";
      const detail = isPlain ? name : `${priority} ${retries} ${number} ${name}`;
      return this.#ask(verb, detail, { body, wait, late }).finally(() => bridges.close());
    } catch (error) {
      bridges.close();
      throw error;
    }
  }

  /** A new job. */
  newJob(task: TaskName, mode: number, retries: number, total: number): Job {
    return { job: ++jobs.last, task, mode, retries, total };
  }

  /**
   * Packs items that are next to each other, in pieces of such a size. Nothing has happened when it throws.
   *
   * @param first the index of the first
   * @param transfer what to move of them
   */
  packItems(items: readonly unknown[], first: number, size: number, transfer?: readonly Movable[]): PackedItems[] {
    const packing = new Packing(destinationOf(this.target), transfer);
    for (let at = 0; at < items.length; at += size) {
      const piece = items.slice(at, at + size);
      try {
        packing.add(piece, "items");
      } catch (error) {
        if (error instanceof NotSerializableError) throw renamed(error, first + at);
        throw error;
      }
    }
    return packing.finish().map((body, index) => {
      const at = index * size;
      return { first: first + at, count: Math.min(size, items.length - at), body };
    });
  }

  /** How many items of a task may go together, as the pool has said last. */
  togetherOf(task: TaskName): number {
    return this.#together.get(task) ?? 1;
  }

  /** Whether one packet can go together with the one that follows it. */
  canJoin(packet: PackedItems, next: PackedItems | undefined): boolean {
    return this.joins && next !== undefined && isJoinable(packet) && isJoinable(next) &&
      packet.first + packet.count === next.first;
  }

  /** The items of packets that can go together. */
  join(packets: readonly PackedItems[]): PackedItems {
    if (packets.length === 1) return packets[0];
    const count = packets.reduce((sum, { count }) => sum + count, 0);
    return {
      first: packets[0].first,
      count,
      body: plainPacket(joinLists(packets.map(({ body }) => body.bytes), count)),
    };
  }

  /** Gives back what is in items that are not sent after all. */
  discard({ body }: PackedItems): void {
    discard(this.target, whoActs.holder(), body);
  }

  /**
   * Has items done, so many of which belong together; `told` hears of what becomes of them, in order, until no more will.
   * Resolves with how many items nothing was said of.
   */
  async chunk(
    { job, mode, retries, total, task }: Job,
    { first, count, body }: PackedItems,
    piece: number,
    told: (report: Report) => void,
  ): Promise<number> {
    let [done, end] = [0, count];
    let answer = await this.#ask("chunk", `${job} ${first} ${count} ${piece} ${mode} ${retries} ${total} ${task}`, {
      body,
    });
    while (true) {
      const report = checkReport(answer, done, end);
      const [values, , over, , back = end] = report;
      done += values.length;
      end = back;
      this.#learn(task, report);
      told(report);
      if (over) return end - done;
      answer = await this.#ask("more", `${job} ${first}`);
    }
  }

  /** Begins nothing more of a job. What has begun is asked to stop, and after `index` not waited for. */
  abort({ job }: Job, index: number): void {
    tell(this.target, whoActs.holder(), "abort", `${job} ${index}`, packPlain(null));
  }

  /** Resolves when another call would find room. */
  async ready(options: WaitOptions | undefined): Promise<void> {
    const action = "wait for room in a pool";
    const wait = channelWait(action, options);
    const late = (timeoutMs: number) =>
      new TimeoutError(`Cannot ${action}: there was none for ${timeoutMs} ms`, { timeoutMs });
    if (!wait.once) await this.#ask("room", "", { wait, late });
    else if (!await this.#ask("hasRoom", "")) throw late(wait.timeoutMs);
  }

  /** Asks for what concerns the pool as a whole. */
  request(verb: string, wait?: Patience, detail: string = ""): Promise<unknown> {
    return this.#ask(verb, detail, wait && { wait, late: (ms) => late(verb, ms) });
  }

  #learn(task: TaskName, [, , , together]: Report): void {
    if (together === undefined) return;
    if (this.#together.size >= KNOWN_TASKS && !this.#together.has(task)) this.#together.clear();
    this.#together.set(task, together);
  }

  #ask(verb: string, detail: string, question?: Partial<Question>): Promise<unknown> {
    const lost = () => new DisconnectedError(`Cannot ${ACTIONS[verb] ?? verb}: the home of the pool is gone`);
    return ask(this.target, { holder: whoActs.holder(), verb, detail, lost, ...question });
  }
}

function checkCall(task: unknown, args: readonly unknown[], options: RunOptions): Call {
  const name = taskNameOf("run a task", task);
  const action = `run ${nameOf(name)}`;
  checkArgs(action, args);
  checkRunOptions(action, options);
  const wait = patienceOf(action, options);
  assertMayStart(action);
  const late = (timeoutMs: number) =>
    new TimeoutError(`Cannot ${action}: it was not done after ${timeoutMs} ms`, { timeoutMs });
  return { name, wait, options, late };
}

function late(verb: string, timeoutMs: number): TimeoutError {
  return new TimeoutError(`Cannot ${verb} a pool: it was not over after ${timeoutMs} ms`, { timeoutMs });
}

function isJoinable({ body: { bytes, passages, moved } }: PackedItems): boolean {
  return bytes.length <= MOST_JOINED_BYTES && passages.length === 0 && moved.length === 0 && isPlainList(bytes);
}

/** The same error with a path that counts from the first of all items. */
function renamed({ message, path, kind }: NotSerializableError, first: number): NotSerializableError {
  const counted = (text: string) => text.replace(/\bitems\[(\d+)\]/, (_, index) => `items[${first + Number(index)}]`);
  return new NotSerializableError(counted(message), { path: counted(path), kind });
}
