import { StartError } from "../channels/errors.ts";
import { singleton } from "../channels/kernel/singleton.ts";

/** What keeps a module from starting actors while a child that wants one of its definitions imports it. */
export const startGuard: { importing: string | undefined } = singleton("start-guard", () => ({ importing: undefined }));

/** @throws {StartError} If this isolate is a child that is still importing its module: else each would start the next. */
export function assertMayStart(action: string): void {
  if (startGuard.importing === undefined) return;
  throw new StartError(
    `Cannot ${action}: ${startGuard.importing} starts it while a child is importing the module; put it under "if (import.meta.main)"`,
  );
}
