import { StartError } from "../../channels/errors.ts";
import { makeSecret } from "../../channels/kernel/address.ts";
import type { Link } from "../../channels/kernel/link.ts";
import { SocketLink } from "../../channels/link/socket_link.ts";
import { meetingPlace } from "./meeting_place.ts";
import { describe, type Granted, holdsFully, PERMISSION_NAMES, resolvePermissions } from "./permissions.ts";
import type { BootConfig, IsolateOptions, PermissionName, Placement, Seat, SeatEnd } from "./placement.ts";
import type { Meeting, ProcessConfig, WatchdogConfig } from "./process_config.ts";
import { stubUrl } from "./stub.ts";
import { findUserConfig } from "./user_config.ts";

/** What V8 ends a process with when its heap is full. */
const OUT_OF_MEMORY_CODE = 133;
/** The shell of a watchdog that may not signal by itself. */
const SHELL = "/bin/sh";

/** Subprocesses: the only sandbox, and the only bound on memory. */
export const process: Placement = {
  boundary: "process",

  check(action: string, options: IsolateOptions): void {
    resolvePermissions(action, options.permissions);
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
      socket.unref();
      link.current = new ClosableLink(socket);
      called.resolve(link.current);
    });
    const { flags, revoke, watchdog } = permissionFlags(granted, meeting);
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--quiet",
          "--no-prompt",
          ...flags,
          ...commonFlags(config, options),
          stubUrl(import.meta.resolve("./boot_process.ts"), config.moduleUrl),
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
    const processConfig: ProcessConfig = { ...config, meeting, token, revoke, watchdog };
    stdin.write(new TextEncoder().encode(JSON.stringify(processConfig) + "\n")).catch(() => {});
    const ended = child.status.then(async (status): Promise<SeatEnd> => {
      meetingPlace.forget(token);
      stdin.close().catch(() => {});
      called.reject(new Error(`The subprocess ended with code ${status.code} before it was ready`));
      await link.current?.drained;
      const outOfMemory = options.maxHeapMb !== undefined && status.code === OUT_OF_MEMORY_CODE;
      if (status.signal === null) return { code: status.code, outOfMemory };
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
  child.ref();
  try {
    child.kill(signal);
  } catch {
    // It has ended by itself.
  }
}

function commonFlags(config: BootConfig, options: IsolateOptions): string[] {
  const flags: string[] = [];
  const userConfig = findUserConfig(config.moduleUrl);
  if (userConfig !== undefined) flags.push("--config", userConfig);
  if (options.maxHeapMb !== undefined) flags.push(`--v8-flags=--max-old-space-size=${options.maxHeapMb}`);
  return [...flags, ...options.denoArgs ?? []];
}

/**
 * The permissions that the subprocess starts with, and which of them it gives up before it imports the actor's module:
 * it must call here, and its watchdog must be able to end it.
 */
function permissionFlags(
  granted: Granted,
  meeting: Meeting,
): { flags: string[]; revoke: Deno.PermissionDescriptor[]; watchdog: WatchdogConfig } {
  const lists = { ...granted } as Record<PermissionName, true | readonly string[]>;
  const revoke: Deno.PermissionDescriptor[] = [];
  const lend = (name: PermissionName, subject: string) => {
    const list = lists[name];
    if (list === true || list.includes(subject)) return;
    lists[name] = [...list, subject];
    revoke.push(describe(name, subject));
  };
  if (meeting.transport === "tcp") lend("net", `127.0.0.1:${meeting.port}`);
  else {
    lend("read", meeting.path);
    lend("write", meeting.path);
    lend("net", `unix:${meeting.path}`);
  }
  let watchdog: WatchdogConfig = { ownPermission: false, shell: undefined };
  const { run } = granted;
  if (run !== true && run.length === 0) {
    lists.run = true;
    revoke.push({ name: "run" });
    watchdog = { ownPermission: true, shell: undefined };
  } else if (run !== true) {
    lend("run", SHELL);
    watchdog = { ownPermission: true, shell: SHELL };
  }
  const flags = ["--unstable-worker-options"];
  for (const name of PERMISSION_NAMES) {
    const list = lists[name];
    if (list === true) flags.push(`--allow-${name}`);
    else if (list.length > 0) flags.push(`--allow-${name}=${list.join(",")}`);
  }
  // Without a flag Deno allows imports from well-known hosts; loading the module graph may need them, the actor may not.
  if (granted.import !== true && !holdsFully("import")) revoke.push({ name: "import" });
  return { flags, revoke, watchdog };
}
