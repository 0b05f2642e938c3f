import { makeSecret } from "../../channels/kernel/address.ts";
import { singleton } from "../../channels/kernel/singleton.ts";
import { Door } from "../../channels/link/door.ts";
import type { Family } from "../../channels/link/siblings.ts";
import { withoutDelay } from "../../channels/link/socket_address.ts";
import { holdsFully } from "./permissions.ts";
import type { Meeting } from "./process_config.ts";

const TOKEN_BYTES = 32;

/** Where callers come in, while one is awaited. */
interface Entrance {
  readonly meeting: Meeting;
  readonly door: Door;
}

/**
 * Where the subprocesses of this isolate call when they have started: at an abstract Unix socket, which is a name and no
 * file, or at a loopback port. So nothing is left when this program is killed. It is open only while a call is awaited.
 * Anybody on this machine may call, but only a subprocess knows a token.
 */
class MeetingPlace {
  readonly #entrances = new Map<Meeting["transport"], Entrance>();
  readonly #awaited = new Map<string, (socket: Deno.Conn) => void>();
  #family: Family | undefined;

  /** How many calls of subprocesses are yet to come. */
  get awaited(): number {
    return this.#awaited.size;
  }

  /** How those of the subprocesses that may do all that this isolate may find each other. */
  get family(): Family {
    return this.#family ??= { path: abstractPath(), key: makeSecret() };
  }

  /**
   * Where whoever shows `token` is to call.
   *
   * @param transport the one to use if it can be had
   */
  expect(token: string, arrived: (socket: Deno.Conn) => void, transport: Meeting["transport"]): Meeting {
    const { meeting } = this.#entrance(transport);
    this.#awaited.set(token, arrived);
    return meeting;
  }

  /** It came, or never will. */
  forget(token: string): void {
    if (!this.#awaited.delete(token) || this.#awaited.size > 0) return;
    for (const { door } of this.#entrances.values()) door.close();
    this.#entrances.clear();
  }

  #arrived(hello: Uint8Array, socket: Deno.Conn): boolean {
    const token = new TextDecoder().decode(hello);
    const arrived = this.#awaited.get(token);
    this.forget(token);
    arrived?.(withoutDelay(socket));
    return arrived !== undefined;
  }

  #entrance(transport: Meeting["transport"]): Entrance {
    let entrance = this.#entrances.get(transport);
    if (entrance !== undefined) return entrance;
    const { listener, meeting } = transport === "unix" ? listenOnName() ?? listenOnPort() : listenOnPort();
    const door = new Door(listener, TOKEN_BYTES, (hello, caller) => this.#arrived(hello, caller));
    entrance = { meeting, door };
    this.#entrances.set(transport, entrance);
    return entrance;
  }
}

/** Whether a name will do for the calls of a subprocess that may do all that the network can, or may do nothing with it. */
export function canMeetByName(): boolean {
  return (Deno.build.os === "linux" || Deno.build.os === "android") && holdsFully("net");
}

function listenOnPort(): { listener: Deno.Listener; meeting: Meeting } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr as Deno.NetAddr;
  return { listener, meeting: { transport: "tcp", hostname, port } };
}

/** Undefined where the system allows no such name. */
function listenOnName(): { listener: Deno.Listener; meeting: Meeting } | undefined {
  const meeting = { transport: "unix", path: abstractPath() } as const;
  try {
    return { listener: Deno.listen(meeting) as unknown as Deno.Listener, meeting };
  } catch {
    return undefined;
  }
}

/** A name that nobody else has: to Linux, what begins with NUL is no path. */
function abstractPath(): string {
  return `\0troupe-${makeSecret()}`;
}

/** This isolate's. */
export const meetingPlace: MeetingPlace = singleton("meeting-place", () => new MeetingPlace());
