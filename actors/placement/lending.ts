import { resolve, sep } from "node:path";
import { describe, type Granted, holds, holdsFully, PERMISSION_NAMES } from "./permissions.ts";
import type { PermissionName } from "../isolate_options.ts";
import type { Meeting } from "./process_config.ts";

/** Whether the permission for one thing is one for another, too: a folder covers its files, a host its ports. */
function covers(name: PermissionName, item: string, subject: string): boolean {
  if (name === "net" || name === "import") return subject === item || subject.startsWith(`${item}:`);
  const path = resolve(item);
  return subject === path || subject.startsWith(path.endsWith(sep) ? path : path + sep);
}

/** The permissions that a subprocess starts with, and which of them it gives up before it imports the actor's module. */
export class Lending {
  /** What it gives up. */
  readonly revoke: Deno.PermissionDescriptor[] = [];
  readonly #lists: Record<PermissionName, true | readonly string[]>;

  /** @param granted what it may keep */
  constructor(granted: Granted) {
    this.#lists = { ...granted };
  }

  /** Lets it call its parent. */
  forMeeting(meeting: Meeting): void {
    if (meeting.transport === "tcp") return this.#lend("net", `127.0.0.1:${meeting.port}`);
    this.#lend("read", meeting.path);
    this.#lend("write", meeting.folder);
    this.#lend("net", `unix:${meeting.path}`);
  }

  /** Whether it may make Unix sockets, and call others: they are files, and Deno wants to be allowed the network, too. */
  get allowsSockets(): boolean {
    const { read, write, net } = this.#lists;
    return read === true && write === true && net === true;
  }

  /** Lets it load these modules, and all that they import, as its parent could. */
  forImports(moduleUrls: readonly string[]): void {
    const list = this.#lists.import;
    if (list === true) return;
    const keepsNone = list.length === 0;
    if (keepsNone && holdsFully("import")) this.#lists.import = true;
    else {
      // Without a list Deno allows what is on well-known hosts, which a list would end.
      const hosts = moduleUrls.filter((url) => /^https?:/.test(url)).map((url) => new URL(url).host);
      for (const host of hosts) if (!keepsNone || holds("import", host)) this.#lend("import", host);
    }
    if (keepsNone) this.revoke.push({ name: "import" });
  }

  /** The flags of `deno run`. */
  flags(): string[] {
    return PERMISSION_NAMES.flatMap((name) => {
      const list = this.#lists[name];
      if (list === true) return [`--allow-${name}`];
      return list.length > 0 ? [`--allow-${name}=${list.join(",")}`] : [];
    });
  }

  #lend(name: PermissionName, subject: string): void {
    const list = this.#lists[name];
    // Giving up what a wider one on the list covers would take that away as well.
    if (list === true || list.some((item) => covers(name, item, subject))) return;
    this.#lists[name] = [...list, subject];
    this.revoke.push(describe(name, subject));
  }
}
