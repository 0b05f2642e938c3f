import { resolve, sep } from "node:path";
import { describe, type Granted, holds, holdsFully, PERMISSION_NAMES } from "./permissions.ts";
import type { PermissionName } from "../isolate_options.ts";
import { INVITATION, type Invitation } from "./process_config.ts";

/** Whether the permission for one thing is one for another, too: a folder covers its files, a host its ports. */
function covers(name: PermissionName, item: string, subject: string): boolean {
  if (name === "env") return subject === item;
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

  /** Lets it read its invitation and call its parent. */
  forInvitation({ meeting }: Invitation): void {
    this.#lend("env", INVITATION);
    if (meeting.transport === "tcp") this.#lend("net", `${meeting.hostname}:${meeting.port}`);
    else this.#lendAll("net");
  }

  /** Lets it load these modules, and all that they import, as its parent could. */
  forImports(moduleUrls: readonly string[]): void {
    const list = this.#lists.import;
    if (list === true) return;
    const keepsNone = list.length === 0;
    if (keepsNone && holdsFully("import")) return this.#lendAll("import");
    // Without a list Deno allows what is on well-known hosts, which a list would end.
    const hosts = moduleUrls.filter((url) => /^https?:/.test(url)).map((url) => new URL(url).host);
    for (const host of hosts) if (!keepsNone || holds("import", host)) this.#lend("import", host);
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

  /** Only for one that keeps none of it. */
  #lendAll(name: PermissionName): void {
    if (this.#lists[name] === true) return;
    this.#lists[name] = true;
    this.revoke.push({ name } as Deno.PermissionDescriptor);
  }

  #lend(name: PermissionName, subject: string): void {
    const list = this.#lists[name];
    // Giving up what a wider one on the list covers would take that away as well.
    if (list === true || list.some((item) => covers(name, item, subject))) return;
    this.#lists[name] = [...list, subject];
    this.revoke.push(describe(name, subject));
  }
}
