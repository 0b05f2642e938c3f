import { childTowards, gateTo, type IsolateId, isWithin, parentOf, sameProcess } from "./address.ts";
import type { Link, Mesh, PeerLink } from "./link.ts";

/** To so many isolates the way is remembered. */
const MOST_KNOWN = 10_000;

/**
 * An isolate's links, and which of them leads to whom. One way to each isolate is chosen at first use and kept, since what
 * goes by different ways has no order.
 */
export class Routes {
  /** The isolate whose links these are. */
  here: IsolateId;
  /** Makes links between the threads of this process; none where they share no memory. */
  mesh: Mesh | undefined;
  /** The same between the subprocesses of one parent. */
  siblings: Mesh | undefined;
  /** To the parent and the children. */
  readonly tree: Map<IsolateId, Link> = new Map();
  /** To others, straight. */
  readonly peers: Map<IsolateId, PeerLink> = new Map();
  /** What was found out. */
  readonly #known = new Map<IsolateId, Link>();

  constructor(here: IsolateId) {
    this.here = here;
  }

  /** The isolate that started this one; the empty string for a root. */
  get parent(): IsolateId {
    return parentOf(this.here);
  }

  /** A link to the parent or a child. */
  add(id: IsolateId, link: Link): void {
    this.tree.set(id, link);
    this.#known.clear();
  }

  /** There is no link to an isolate any more. Returns the one that led to it along the tree. */
  remove(id: IsolateId): Link | undefined {
    const link = this.tree.get(id);
    this.tree.delete(id);
    this.#known.clear();
    return link;
  }

  /** The link to a neighbour. */
  neighbour(id: IsolateId): Link | undefined {
    return this.tree.get(id) ?? this.peers.get(id);
  }

  /** The link that leads to an isolate. */
  linkTo(id: IsolateId): Link | undefined {
    let link = this.#known.get(id);
    if (link === undefined) {
      link = this.#peerTowards(id) ?? this.treeLinkTo(id);
      // They can be found out again; a stranger may have made up any number of isolates to be answered.
      if (this.#known.size >= MOST_KNOWN) this.#known.clear();
      if (link !== undefined) this.#known.set(id, link);
    }
    return link;
  }

  /** The link that leads to an isolate along the tree. */
  treeLinkTo(id: IsolateId): Link | undefined {
    return this.tree.get(isWithin(id, this.here) ? childTowards(id, this.here) : this.parent);
  }

  /** What the dead have still sent straight here is taken in, be it that another passed it on; a promise if that takes time. */
  hearOut(gone: IsolateId): Promise<void> | undefined {
    this.mesh?.look();
    const gate = gateTo(gone, this.here);
    if (gate !== gone) this.peers.get(gate)?.catchUp();
    for (const [id, peer] of [...this.peers]) {
      if (!isWithin(id, gone)) continue;
      // First, since what it says of its own end is not news any more.
      this.peers.delete(id);
      if (id === gone) {
        const more = peer.drain();
        if (more === undefined) continue;
        this.peers.set(id, peer);
        return more;
      }
      // Those below it may still be about to die.
      peer.catchUp();
      peer.close();
    }
    return undefined;
  }

  /** Whether what an isolate has sent straight here goes on with something that has yet to come by the tree. */
  awaitsTree(id: IsolateId): boolean {
    this.mesh?.look();
    const peer = this.peers.get(id);
    peer?.catchUp();
    return peer?.awaitsTree ?? false;
  }

  /**
   * Whether a neighbour may pass on what another has sent: whoever is above or in this process what it likes, all others
   * what those below them have sent. Else a sandboxed child could answer calls made to others.
   */
  speaksFor(neighbour: IsolateId, origin: IsolateId): boolean {
    if (neighbour === this.parent || isWithin(origin, neighbour)) return true;
    return this.peers.has(neighbour) && sameProcess(neighbour, this.here);
  }

  /** Whether a peer says itself that one below it is gone, behind what that one had still sent by it. */
  isSaidByPeer(gone: IsolateId): boolean {
    for (const [id, peer] of this.peers) if (id !== gone && isWithin(gone, id) && peer.speaks) return true;
    return false;
  }

  #peerTowards(id: IsolateId): Link | undefined {
    const gate = gateTo(id, this.here);
    if (gate === this.here) return this.siblings && this.#siblingTowards(id);
    return gate === this.parent || parentOf(gate) === this.here ? undefined : this.mesh?.linkTo(gate);
  }

  #siblingTowards(id: IsolateId): Link | undefined {
    const { parent, here } = this;
    if (!isWithin(id, parent) || id === parent || isWithin(id, here)) return undefined;
    return id[parent.length] === "/" ? this.siblings!.linkTo(childTowards(id, parent)) : undefined;
  }
}
