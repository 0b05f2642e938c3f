import { join } from "node:path";
import { singleton } from "../../channels/kernel/singleton.ts";
import type { Meeting } from "./process_config.ts";

/** How long a connection may take to show its token. */
const TOKEN_MS = 5000;
const TOKEN_BYTES = 32;

/**
 * Where the subprocesses of this isolate call when they have started: a Unix socket in a folder that nobody else can
 * enter, or a loopback port where there are none. It is open only while somebody is awaited; when this program is killed
 * meanwhile, whoever was awaited removes the folder.
 */
class MeetingPlace {
  #listener: Deno.Listener | undefined;
  #folder: string | undefined;
  #meeting: Meeting | undefined;
  /** Those who have connected and not shown a token yet. */
  readonly #strangers = new Set<Deno.Conn>();
  readonly #awaited = new Map<string, (socket: Deno.Conn) => void>();

  /** How many subprocesses have yet to call. */
  get awaited(): number {
    return this.#awaited.size;
  }

  /** Where whoever shows `token` is to call. */
  expect(token: string, arrived: (socket: Deno.Conn) => void): Meeting {
    if (this.#meeting === undefined) {
      this.#open();
      void this.#accept(this.#listener!);
    }
    this.#awaited.set(token, arrived);
    return this.#meeting!;
  }

  /** It came, or never will. */
  forget(token: string): void {
    if (!this.#awaited.delete(token) || this.#awaited.size > 0) return;
    this.#listener?.close();
    for (const stranger of this.#strangers) closeQuietly(stranger);
    if (this.#folder !== undefined) Deno.removeSync(this.#folder, { recursive: true });
    this.#listener = this.#folder = this.#meeting = undefined;
  }

  #open(): void {
    if (canUseUnixSocket() && this.#openUnixSocket()) return;
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#listener = listener;
    this.#meeting = { transport: "tcp", port: (listener.addr as Deno.NetAddr).port };
  }

  /** False where there can be none: the folder for temporary files is missing, or its path too long for a socket. */
  #openUnixSocket(): boolean {
    let folder: string | undefined;
    try {
      folder = Deno.makeTempDirSync({ prefix: "troupe-" });
      const path = join(folder, "s");
      this.#listener = Deno.listen({ transport: "unix", path }) as unknown as Deno.Listener;
      this.#meeting = { transport: "unix", path, folder };
      this.#folder = folder;
      return true;
    } catch {
      if (folder !== undefined) Deno.removeSync(folder, { recursive: true });
      return false;
    }
  }

  async #accept(listener: Deno.Listener): Promise<void> {
    try {
      for await (const socket of listener) void this.#greet(socket);
    } catch {
      // Closed: nobody is awaited any more.
    }
  }

  async #greet(socket: Deno.Conn): Promise<void> {
    const tooLate = setTimeout(() => closeQuietly(socket), TOKEN_MS);
    this.#strangers.add(socket);
    try {
      const token = new Uint8Array(TOKEN_BYTES);
      for (let at = 0; at < TOKEN_BYTES;) {
        const read = await socket.read(token.subarray(at));
        if (read === null) throw new Error("It left without a token");
        at += read;
      }
      const arrived = this.#awaited.get(new TextDecoder().decode(token));
      if (arrived === undefined) throw new Error("It has no token of ours");
      this.#strangers.delete(socket);
      arrived(socket);
    } catch {
      closeQuietly(socket);
    } finally {
      clearTimeout(tooLate);
      this.#strangers.delete(socket);
    }
  }
}

/** Whether Unix sockets exist and this program may make one where it likes. */
function canUseUnixSocket(): boolean {
  if (Deno.build.os === "windows") return false;
  return (["read", "write", "net"] as const).every((name) => Deno.permissions.querySync({ name }).state === "granted");
}

function closeQuietly(socket: Deno.Conn): void {
  try {
    socket.close();
  } catch {
    // It was closed already.
  }
}

/** This isolate's. */
export const meetingPlace: MeetingPlace = singleton("meeting-place", () => new MeetingPlace());
