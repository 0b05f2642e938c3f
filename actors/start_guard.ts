import { AsyncLocalStorage } from "node:async_hooks";
import { StartError } from "../channels/errors.ts";
import { singleton } from "../channels/kernel/singleton.ts";

/** The module that a child imports, known to all code that its top level runs, then or later. */
const importing: AsyncLocalStorage<string> = singleton("start-guard", () => new AsyncLocalStorage<string>());

/** Imports a module that a child needs, but may not start anything: it would do so in each child, for ever. */
export function importGuarded(moduleUrl: string, importModule: () => Promise<unknown>): Promise<unknown> {
  return importing.run(moduleUrl, importModule);
}

/** @throws {StartError} If the top level of a child's module wants to start something. */
export function assertMayStart(action: string): void {
  const moduleUrl = importing.getStore();
  if (moduleUrl === undefined) return;
  throw new StartError(
    `Cannot ${action}: ${moduleUrl} starts it while a child is importing the module; put it under "if (import.meta.main)"`,
  );
}
