import { registrationOf } from "../definition.ts";

/** A task as messages name it: its module's URL, which has no space, then a space, then its name. */
export type TaskName = string;

const names = new WeakMap<object, TaskName>();

/**
 * What messages call a task.
 *
 * @throws {TypeError} If it is not registered, or a class.
 */
export function taskNameOf(action: string, task: unknown): TaskName {
  const known = typeof task === "function" ? names.get(task) : undefined;
  if (known !== undefined) return known;
  const { kind, moduleUrl, name } = registrationOf(action, task);
  if (kind !== "task") throw new TypeError(`Cannot ${action}: ${name} is a class, use spawn`);
  const taskName = `${moduleUrl} ${name}`;
  names.set(task as object, taskName);
  return taskName;
}

/** The module of a task. */
export function moduleOf(task: TaskName): string {
  return task.slice(0, task.indexOf(" "));
}

/** The name of a task within its module. */
export function nameOf(task: TaskName): string {
  return task.slice(task.indexOf(" ") + 1);
}
