import { dirname, join } from "node:path";
import { makeSecret } from "../../channels/kernel/address.ts";
import { singleton } from "../../channels/kernel/singleton.ts";
import { Door } from "../../channels/link/door.ts";
import type { Family } from "../../channels/link/siblings.ts";
import type { Meeting } from "./process_config.ts";
import { removeFolder } from "./watchdog.ts";

const TOKEN_BYTES = 32;
const PREFIX = "troupe-";

/**
 * Where the subprocesses of this isolate call when they have started: a Unix socket in a folder that nobody else can
 * enter, or a loopback port where there are none. It is open only while somebody is awaited; when this program is killed
 * meanwhile, whoever was awaited removes the folder. Those that may open sockets go on calling each other there: then the
 * folder stays while there is one of them, and the last takes it away, should this program be killed by then.
 */
class MeetingPlace {
  #door: Door | undefined;
  #meeting: Meeting | undefined;
  /** Where subprocesses find each other, and how many of them may. */
  #family: Family | undefined;
  #members = 0;
  #doors = 0;
  /** Where the folder is to be, as the parent has it, which removes it should this process be killed. */
  appointed: string | undefined;
  readonly #awaited = new Map<string, (socket: Deno.Conn) => void>();

  /** How many subprocesses have yet to call. */
  get awaited(): number {
    return this.#awaited.size;
  }

  /** Lets one that is awaited call the others, until `leave`: how it finds them. Undefined where they cannot. */
  join(): Family | undefined {
    if (this.#family !== undefined) this.#members++;
    return this.#family;
  }

  /** One that could call the others has ended. */
  leave(): void {
    this.#members--;
    this.#removeFolder();
  }

  /** Where a subprocess is to have the folder for its own: beside the one here. Undefined where there is none. */
  appoint(): string | undefined {
    const folder = this.#family?.folder;
    return folder && join(dirname(folder), `${PREFIX}${makeSecret().slice(0, 16)}`);
  }

  /** Where whoever shows `token` is to call. */
  expect(token: string, arrived: (socket: Deno.Conn) => void): Meeting {
    if (this.#meeting === undefined) {
      const { listener, meeting } = this.#open();
      this.#meeting = meeting;
      this.#door = new Door(listener, TOKEN_BYTES, (hello, socket) => this.#arrived(hello, socket));
    }
    this.#awaited.set(token, arrived);
    return this.#meeting;
  }

  /** It came, or never will. */
  forget(token: string): void {
    if (!this.#awaited.delete(token) || this.#awaited.size > 0) return;
    this.#door?.close();
    this.#door = this.#meeting = undefined;
    this.#removeFolder();
  }

  /** This isolate ends, and does not wait for its subprocesses. */
  close(): void {
    this.#members = 0;
    this.#awaited.clear();
    this.#removeFolder();
  }

  #removeFolder(): void {
    if (this.#family === undefined || this.#members > 0 || this.#awaited.size > 0) return;
    removeFolder(this.#family.folder);
    this.#family = undefined;
  }

  #arrived(hello: Uint8Array, socket: Deno.Conn): boolean {
    const arrived = this.#awaited.get(new TextDecoder().decode(hello));
    arrived?.(socket);
    return arrived !== undefined;
  }

  #open(): { listener: Deno.Listener; meeting: Meeting } {
    const unix = canUseUnixSocket() ? this.#openUnixSocket() : undefined;
    if (unix !== undefined) return unix;
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return { listener, meeting: { transport: "tcp", port: (listener.addr as Deno.NetAddr).port } };
  }

  /** Undefined where there can be none: the folder for temporary files is missing, or its path too long for a socket. */
  #openUnixSocket(): { listener: Deno.Listener; meeting: Meeting } | undefined {
    try {
      if (this.#family !== undefined) return this.#listenIn(this.#family.folder);
    } catch (error) {
      // The last of those who were there took it away.
      if (!(error instanceof Deno.errors.NotFound)) return undefined;
    }
    let folder: string | undefined;
    try {
      folder = this.#makeFolder();
      const opened = this.#listenIn(folder);
      this.#family = { folder, key: makeSecret() };
      return opened;
    } catch {
      if (folder !== undefined) Deno.removeSync(folder, { recursive: true });
      return undefined;
    }
  }

  #makeFolder(): string {
    if (this.appointed !== undefined) {
      try {
        Deno.mkdirSync(this.appointed, { mode: 0o700 });
        return this.appointed;
      } catch {
        // Somebody is there, or it may not go there.
      }
    }
    return Deno.makeTempDirSync({ prefix: PREFIX });
  }

  #listenIn(folder: string): { listener: Deno.Listener; meeting: Meeting } {
    const path = join(folder, `parent${++this.#doors}`);
    const listener = Deno.listen({ transport: "unix", path }) as unknown as Deno.Listener;
    return { listener, meeting: { transport: "unix", path, folder } };
  }
}

/** Whether Unix sockets exist and this program may make one where it likes. */
function canUseUnixSocket(): boolean {
  if (Deno.build.os === "windows") return false;
  return (["read", "write", "net"] as const).every((name) => Deno.permissions.querySync({ name }).state === "granted");
}

/** This isolate's. */
export const meetingPlace: MeetingPlace = singleton("meeting-place", () => new MeetingPlace());
