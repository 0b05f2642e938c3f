import { StartError } from "../../channels/errors.ts";
import type { IsolateOptions } from "../isolate_options.ts";
import { isSandbox, resolvePermissions } from "./permissions.ts";
import { LoadedLater } from "../loaded_later.ts";
import type { Placement } from "./placement.ts";

/** Subprocesses: the only sandbox, and the only bound on memory. */
export const process: Placement = {
  boundary: ({ permissions }) => isSandbox(resolvePermissions("start", permissions)) ? "sandbox" : "process",

  check(action: string, options: IsolateOptions): void {
    resolvePermissions(action, options.permissions);
    // It would start itself again, for ever.
    if (Deno.build.standalone) {
      throw new StartError(`Cannot ${action}: a subprocess is run by deno, and this program was compiled without it`);
    }
    const deno = Deno.execPath();
    if (Deno.permissions.querySync({ name: "run", command: deno }).state !== "granted") {
      throw new StartError(`Cannot ${action}: a subprocess needs --allow-run=${deno}`);
    }
  },

  open: new LoadedLater(async () => (await import("./process_seat.ts")).openProcess),
};
