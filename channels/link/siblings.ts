import { join } from "node:path";
import { type IsolateId, parentOf } from "../kernel/address.ts";
import { isolate } from "../kernel/isolate.ts";
import type { Mesh, PeerLink } from "../kernel/link.ts";
import { Door } from "./door.ts";
import { SiblingLink } from "./sibling_link.ts";
import type { Socket } from "./socket_link.ts";

/** How the subprocesses of one parent find each other. Plain data. */
export interface Family {
  /** Where their sockets are. Nobody else can enter it. */
  readonly folder: string;
  /** What they show to each other: 128 bits in hexadecimal. */
  readonly key: string;
}

/** What a caller says: the key, and then which child it is, in as many digits. */
const KEY_LENGTH = 32;
const NUMBER_LENGTH = 10;

/** This subprocess among those of the same parent. Each listens at a Unix socket of its own. */
export class Siblings implements Mesh {
  readonly #family: Family;
  readonly #parent: IsolateId;
  readonly #links = new Map<IsolateId, SiblingLink>();

  private constructor(family: Family, id: IsolateId) {
    this.#family = family;
    this.#parent = parentOf(id);
    new Door(
      Deno.listen({ transport: "unix", path: this.#pathOf(id) }) as unknown as Deno.Listener,
      KEY_LENGTH + NUMBER_LENGTH,
      (hello, socket) => this.#arrived(new TextDecoder().decode(hello), socket),
    );
  }

  /** Lets the siblings of this isolate call it, and this one them; without, they go on by their parent. */
  static join(family: Family, id: IsolateId): void {
    try {
      isolate.routes.siblings = new Siblings(family, id);
    } catch {
      // The path is too long for a socket.
    }
  }

  /** Undoes `join` when this subprocess ends. With the last of them the folder goes: the parent may be dead, too. */
  static leave({ folder }: Family, id: IsolateId): void {
    try {
      Deno.removeSync(join(folder, numberOf(id)));
      Deno.removeSync(folder);
    } catch {
      // Somebody else is there, or it could not join.
    }
  }

  linkTo(id: IsolateId): PeerLink {
    const known = this.#links.get(id);
    if (known !== undefined) return known;
    const link = new SiblingLink({
      dial: () => this.#dial(id),
      carry: (frame) => isolate.carry(frame, id),
      hungUp: () => {
        // It is dead, or this one is: in any case it is not called again.
        this.#links.delete(id);
        isolate.suspect(id);
      },
    });
    this.#links.set(id, link);
    isolate.addPeer(id, link);
    return link;
  }

  look(): void {}

  async #dial(id: IsolateId): Promise<Socket> {
    const socket = await Deno.connect({ transport: "unix", path: this.#pathOf(id) });
    const hello = new TextEncoder().encode(this.#family.key + numberOf(isolate.id).padStart(NUMBER_LENGTH));
    for (let at = 0; at < hello.length;) at += await socket.write(hello.subarray(at));
    return socket;
  }

  #arrived(hello: string, socket: Deno.Conn): boolean {
    const number = hello.slice(KEY_LENGTH).trim();
    const id = `${this.#parent}/${number}`;
    if (hello.slice(0, KEY_LENGTH) !== this.#family.key || !/^[1-9]\d*$/.test(number)) return false;
    if (id === isolate.id || isolate.exitOf(id) !== undefined) return false;
    (this.linkTo(id) as SiblingLink).hear(socket);
    return true;
  }

  #pathOf(id: IsolateId): string {
    return join(this.#family.folder, numberOf(id));
  }
}

/** Which child of its parent a subprocess is. */
function numberOf(id: IsolateId): string {
  return id.slice(id.lastIndexOf("/") + 1);
}
