import { accounts } from "../../channels/kernel/account.ts";
import { checkQuota } from "../../channels/quota.ts";
import { GRACE_MS } from "../grace.ts";
import { ChildSockets } from "./child_sockets.ts";
import { canMeetByName, meetingPlace } from "./meeting_place.ts";
import { Lending } from "./lending.ts";
import type { IsolateOptions } from "../isolate_options.ts";
import { isSandbox, resolvePermissions } from "./permissions.ts";
import type { BootConfig, Seat, SeatEnd } from "./placement.ts";
import { INVITATION } from "./process_config.ts";
import { Output } from "./output.ts";
import { hasOwnStorage, processFlags } from "./process_flags.ts";
import { runFlags } from "./run_flags.ts";
import { stubUrl } from "./stub.ts";

// Never called. It puts the module into the program's module graph, and so into Deno's cache, where a sandbox finds it.
void (() => import("./boot_process.ts"));

/** What V8 ends a process with when its heap is full. */
const OUT_OF_MEMORY_SIGNAL = "SIGTRAP";

/** Starts a subprocess that will import the module in `config`. */
export function openProcess(config: BootConfig, options: IsolateOptions): Seat {
  const granted = resolvePermissions(`start ${config.name}`, options.permissions);
  const { net } = granted;
  const isSandboxed = isSandbox(granted);
  // A child that is given all that can be given may have the terminal too, and then prints in order with its messages.
  const hasOwnOutput = isSandboxed && (options.permissions ?? "inherit") !== "inherit";
  // A name cannot be lent alone, and giving up all of a permission takes what is on a list as well.
  const sockets = new ChildSockets(canMeetByName() && (net === true || net.length === 0) ? "unix" : "tcp");
  const isUnix = sockets.invitation.meeting.transport === "unix";
  const lending = new Lending(granted);
  const flags = runFlags(config.imports[0] ?? config.moduleUrl);
  let child: Deno.ChildProcess;
  try {
    lending.forInvitation(sockets.invitation);
    lending.forImports([import.meta.url, ...config.imports]);
    child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        ...lending.flags(),
        ...processFlags(flags, options, granted, isSandboxed),
        stubUrl(import.meta.resolve("./boot_process.ts"), config.imports),
      ],
      env: { ...options.env, [INVITATION]: JSON.stringify(sockets.invitation) },
      // As for the children of Python's multiprocessing: what the program is given to read is for the program.
      stdin: "null",
      ...(hasOwnOutput && { stdout: "piped", stderr: "piped" }),
      // Out of the terminal's group: Ctrl-C is for the program, which stops its children in order.
      detached: true,
    }).spawn();
  } catch (error) {
    sockets.forget();
    throw error;
  }
  // A child that the system has stopped hears of the end of its starter only when it goes on.
  const wake = () => send(child, "SIGCONT");
  globalThis.addEventListener("unload", wake);
  const output = hasOwnOutput ? new Output(child) : undefined;
  // A sandbox talks to its parent alone, which checks what it says.
  const family = isUnix && !isSandboxed ? meetingPlace.family : undefined;
  const noStorage = isSandboxed && hasOwnStorage(options.denoArgs);
  const limits = isSandboxed ? checkQuota(`start ${config.name}`, options.quota) : undefined;
  if (limits !== undefined) accounts.limit(config.id, limits);
  sockets.config = { ...config, run: { flags }, family, limits, noStorage, revoke: lending.revoke };
  let grace: ReturnType<typeof setTimeout> | undefined;
  const ended = child.status.then(async (status): Promise<SeatEnd> => {
    clearTimeout(grace);
    await sockets.end(new Error(`The subprocess ended with code ${status.code} before it was ready`));
    globalThis.removeEventListener("unload", wake);
    await output?.written();
    child.unref();
    if (status.signal === null) return { code: status.code };
    const outOfMemory = options.maxHeapMb !== undefined && status.signal === OUT_OF_MEMORY_SIGNAL;
    return { code: 128 - status.code, signal: status.signal, outOfMemory };
  });
  void sockets.link.then(() => child.unref(), () => {});
  const lacks = flags.unknown;
  const kill = (signal: Deno.Signal) => {
    if (!send(child, signal) || signal !== "SIGTERM") return;
    // One that the system has stopped receives it only when it goes on.
    wake();
    grace ??= setTimeout(() => send(child, "SIGKILL"), GRACE_MS);
  };
  return { pid: child.pid, link: sockets.link, lacks, ended, kill };
}

/** Sends a signal to a subprocess, whose end the program waits for then. False if it has ended already. */
function send(child: Deno.ChildProcess, signal: Deno.Signal): boolean {
  try {
    child.ref();
  } catch {
    // Its output has ended, and it may live.
  }
  try {
    child.kill(signal);
    return true;
  } catch {
    // What it sent last may still be on its way.
    return false;
  }
}
