import { join } from "node:path";
import { makeSecret } from "../../channels/kernel/address.ts";
import { singleton } from "../../channels/kernel/singleton.ts";
import { Door } from "../../channels/link/door.ts";
import type { Family } from "../../channels/link/siblings.ts";
import type { Meeting } from "./process_config.ts";

const TOKEN_BYTES = 32;

/**
 * Where the subprocesses of this isolate call when they have started: a Unix socket in a folder that nobody else can
 * enter, or a loopback port where there are none. It is open only while somebody is awaited; when this program is killed
 * meanwhile, whoever was awaited removes the folder. Those that may open sockets go on calling each other there: then the
 * folder stays as long as any of them does, and they remove it when this program is killed.
 */
class MeetingPlace {
  #door: Door | undefined;
  #meeting: Meeting | undefined;
  /** Where subprocesses find each other, and how many of them may. */
  #family: Family | undefined;
  #members = 0;
  #doors = 0;
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
    try {
      Deno.removeSync(this.#family.folder, { recursive: true });
    } catch {
      // Somebody else has.
    }
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
    let made: string | undefined;
    try {
      const folder = this.#family?.folder ?? (made = Deno.makeTempDirSync({ prefix: "troupe-" }));
      const path = join(folder, `parent${++this.#doors}`);
      const listener = Deno.listen({ transport: "unix", path }) as unknown as Deno.Listener;
      this.#family ??= { folder, key: makeSecret() };
      return { listener, meeting: { transport: "unix", path, folder } };
    } catch {
      if (made !== undefined) Deno.removeSync(made, { recursive: true });
      return undefined;
    }
  }
}

/** Whether Unix sockets exist and this program may make one where it likes. */
function canUseUnixSocket(): boolean {
  if (Deno.build.os === "windows") return false;
  return (["read", "write", "net"] as const).every((name) => Deno.permissions.querySync({ name }).state === "granted");
}

/** This isolate's. */
export const meetingPlace: MeetingPlace = singleton("meeting-place", () => new MeetingPlace());
