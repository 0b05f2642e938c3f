import { isThenable } from "../../channels/kernel/look.ts";
import { runAs, runAtOnce } from "../context.ts";
import type { TaskFunction } from "../definition.ts";
import type { Actor } from "../actor.ts";
import { moduleOf, nameOf, type TaskName } from "./task_name.ts";
import type { Turn } from "./turn.ts";

/** Gives a task by module and name, which may have to be imported first. */
export type TaskFinder = (moduleUrl: string, name: string) => Promise<TaskFunction>;

/** A task at a worker, and what was seen of it. */
export class KnownTask {
  readonly #task: TaskFunction;
  /** Whether each time so far it gave a value, and never a promise; undefined before the first time. */
  #atOnce: boolean | undefined;

  constructor(task: TaskFunction) {
    this.#task = task;
  }

  /** Does something with it on behalf of a worker, for a turn. */
  within<T>(actor: Actor, turn: Turn, body: () => T): T {
    return this.#atOnce ? runAtOnce(actor, turn, body, turn) : runAs(actor, turn, body, turn);
  }

  /** Calls it; a promise if that is what it gives. */
  call(args: readonly unknown[]): unknown {
    const result: unknown = this.#task(...args as never[]);
    this.#atOnce = !isThenable(result) && this.#atOnce !== false;
    return result;
  }
}

/** The tasks that a worker was told of, by the numbers that stand for them from then on. */
export class TaskList {
  readonly #find: TaskFinder;
  readonly #names = new Map<number, TaskName>();
  readonly #known = new Map<number, KnownTask>();

  constructor(find: TaskFinder) {
    this.#find = find;
  }

  /** Takes in the number of a task, its module and its name. */
  add(detail: string): void {
    const [number] = detail.split(" ", 1);
    this.#names.set(Number(number), detail.slice(number.length + 1));
  }

  /** A task that was found before. */
  get(number: number): KnownTask | undefined {
    return this.#known.get(number);
  }

  /** Finds a task. */
  async find(number: number): Promise<KnownTask> {
    const name = this.#names.get(number)!;
    const known = new KnownTask(await this.#find(moduleOf(name), nameOf(name)));
    this.#known.set(number, known);
    return known;
  }
}
