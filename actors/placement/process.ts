import { StartError } from "../../channels/errors.ts";
import { makeSecret } from "../../channels/kernel/address.ts";
import type { Link } from "../../channels/kernel/link.ts";
import { OWN_PROCESS, SocketLink } from "../../channels/link/socket_link.ts";
import { meetingPlace } from "./meeting_place.ts";
import { Lending } from "./lending.ts";
import type { IsolateOptions } from "../isolate_options.ts";
import { isSandbox, resolvePermissions } from "./permissions.ts";
import type { BootConfig, Placement, Seat, SeatEnd } from "./placement.ts";
import type { ProcessConfig } from "./process_config.ts";
import { stubUrl } from "./stub.ts";
import { findUserConfig } from "./user_config.ts";
import { removeFolder } from "./watchdog.ts";

/** What V8 ends a process with when its heap is full. */
const OUT_OF_MEMORY_SIGNAL = "SIGTRAP";

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

  open(config: BootConfig, options: IsolateOptions): Seat {
    const granted = resolvePermissions(`start ${config.name}`, options.permissions);
    const token = makeSecret();
    const called = Promise.withResolvers<Link>();
    const link = { current: undefined as ClosableLink | undefined };
    const meeting = meetingPlace.expect(token, (socket) => {
      meetingPlace.forget(token);
      // Reading from a child keeps no program alive; who waits for something does.
      socket.unref();
      link.current = new ClosableLink(socket, OWN_PROCESS);
      called.resolve(link.current);
    });
    const lending = new Lending(granted);
    let child: Deno.ChildProcess;
    try {
      lending.forMeeting(meeting);
      lending.forImports([import.meta.url, ...config.imports]);
      child = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--quiet",
          "--no-prompt",
          ...lending.flags(),
          ...commonFlags(config, options),
          stubUrl(import.meta.resolve("./boot_process.ts"), config.imports),
          ...(meeting.transport === "unix" ? [meeting.folder] : []),
        ],
        stdin: "piped",
        // Out of the terminal's group: Ctrl-C is for the program, which stops its children in order.
        detached: true,
        ...(options.env && { env: options.env as Record<string, string> }),
      }).spawn();
    } catch (error) {
      meetingPlace.forget(token);
      throw error;
    }
    const stdin = child.stdin.getWriter();
    // A sandbox talks to its parent alone, which checks what it says.
    const family = lending.allowsSockets && !isSandbox(granted) ? meetingPlace.join() : undefined;
    const appointed = meetingPlace.appoint();
    const processConfig: ProcessConfig = { ...config, meeting, token, family, appointed, revoke: lending.revoke };
    stdin.write(new TextEncoder().encode(JSON.stringify(processConfig) + "\n")).catch(() => {});
    const ended = child.status.then(async (status): Promise<SeatEnd> => {
      meetingPlace.forget(token);
      if (family !== undefined) meetingPlace.leave();
      stdin.close().catch(() => {});
      called.reject(new Error(`The subprocess ended with code ${status.code} before it was ready`));
      // Killed, it has left that to us, and those that it had started may have been killed before.
      if (status.signal !== null && appointed !== undefined) removeFolder(appointed);
      await link.current?.drained;
      if (status.signal === null) return { code: status.code };
      const outOfMemory = options.maxHeapMb !== undefined && status.signal === OUT_OF_MEMORY_SIGNAL;
      return { code: 128 - status.code, signal: status.signal, outOfMemory };
    });
    void called.promise.then(() => child.unref(), () => {});
    return { pid: child.pid, link: called.promise, ended, kill: (signal) => kill(child, signal) };
  },
};

/** A socket link that can be waited for to its end: a dead process may have sent more than has been read. */
class ClosableLink extends SocketLink {
  readonly #drained = Promise.withResolvers<void>();

  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  override start(listener: Parameters<SocketLink["start"]>[0]): void {
    super.start({
      frame: (frame) => listener.frame(frame),
      closed: (error) => {
        this.#drained.resolve();
        listener.closed(error);
      },
    });
  }
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.ref();
    child.kill(signal);
  } catch {
    // It has ended by itself; what it sent last may still be on its way.
  }
}

function commonFlags(config: BootConfig, { denoArgs = [], maxHeapMb }: IsolateOptions): string[] {
  const flags: string[] = [];
  // What the child imports is not to be written into the user's lock; the program checked its modules against that.
  if (!denoArgs.some((flag) => /^--(no-)?lock\b|^--frozen\b/.test(flag))) flags.push("--no-lock");
  const userConfig = denoArgs.includes("--no-config")
    ? undefined
    : findUserConfig(config.imports[0] ?? config.moduleUrl);
  if (userConfig !== undefined) flags.push("--config", userConfig);
  // The last one counts, and this limit is not for them to lift.
  if (maxHeapMb !== undefined && maxHeapMb !== Infinity) {
    denoArgs = [...denoArgs, `--v8-flags=--max-old-space-size=${maxHeapMb}`];
  }
  return [...flags, ...denoArgs];
}
