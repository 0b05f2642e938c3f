import { type IsolateId, parentOf } from "../kernel/address.ts";
import { isolate } from "../kernel/isolate.ts";
import type { Mesh, PeerLink } from "../kernel/link.ts";
import { Door } from "./door.ts";
import { type Dialled, SiblingLink } from "./sibling_link.ts";
import { writeBytes } from "./socket_bytes.ts";
import { hangUp } from "./socket_link.ts";

/** How the subprocesses of one parent find each other. Plain data. */
export interface Family {
  /** Their sockets have this path, and their number behind it. */
  readonly path: string;
  /** What nobody else knows: 128 bits in hexadecimal. */
  readonly key: string;
}

/** What a caller says: a proof that it is of the family, and then which child it is, in as many digits. */
const PROOF_LENGTH = 64;
const NUMBER_LENGTH = 10;

/** This subprocess among those of the same parent. Each listens at a Unix socket of its own. */
export class Siblings implements Mesh {
  readonly #family: Family;
  readonly #parent: IsolateId;
  readonly #links = new Map<IsolateId, SiblingLink>();

  private constructor(family: Family, id: IsolateId) {
    this.#family = family;
    this.#parent = parentOf(id);
    void this.#listen(numberOf(id), Deno.listen(this.#addressOf(id)) as unknown as Deno.Listener);
  }

  /** Lets the siblings of this isolate call it, and this one them; without, they go on by their parent. */
  static join(family: Family, id: IsolateId): void {
    try {
      isolate.routes.siblings = new Siblings(family, id);
    } catch {
      // Somebody else has that name.
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

  async #listen(number: string, listener: Deno.Listener): Promise<void> {
    const [wanted, welcome] = await Promise.all([this.#prove("to", number), this.#prove("from", number)]);
    new Door(listener, PROOF_LENGTH + NUMBER_LENGTH, (hello, socket) => {
      const text = new TextDecoder().decode(hello);
      const caller = text.slice(PROOF_LENGTH).trim();
      const id = `${this.#parent}/${caller}`;
      if (text.slice(0, PROOF_LENGTH) !== wanted || !/^[1-9]\d*$/.test(caller)) return false;
      if (id === isolate.id || isolate.exitOf(id) !== undefined) return false;
      (this.linkTo(id) as SiblingLink).hear(socket, new TextEncoder().encode(welcome));
      return true;
    });
  }

  async #dial(id: IsolateId): Promise<Dialled> {
    const number = numberOf(id);
    const [proof, welcome] = await Promise.all([this.#prove("to", number), this.#prove("from", number)]);
    const socket = await Deno.connect(this.#addressOf(id)) as unknown as Deno.Conn;
    try {
      await writeBytes(socket, new TextEncoder().encode(proof + numberOf(isolate.id).padStart(NUMBER_LENGTH)));
    } catch (error) {
      hangUp(socket);
      throw error;
    }
    return { socket, welcome: new TextEncoder().encode(welcome) };
  }

  /**
   * Proves that its author belongs to the family: to one of its members, or, from that member, to the others. Each member
   * and each way have a proof of their own: somebody else may listen at the name of a dead member, and what is said there must
   * be of no use elsewhere.
   */
  async #prove(way: "to" | "from", number: string): Promise<string> {
    const text = new TextEncoder().encode(`${this.#family.key} ${way} ${number}`);
    return new Uint8Array(await crypto.subtle.digest("SHA-256", text)).toHex();
  }

  #addressOf(id: IsolateId): Deno.UnixListenOptions & { transport: "unix" } {
    return { transport: "unix", path: `${this.#family.path}/${numberOf(id)}` };
  }
}

/** Which child of its parent a subprocess is. */
function numberOf(id: IsolateId): string {
  return id.slice(id.lastIndexOf("/") + 1);
}
