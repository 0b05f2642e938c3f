import { isFirst, type IsolateId } from "../kernel/address.ts";
import { isolate } from "../kernel/isolate.ts";
import type { Mesh, PeerLink } from "../kernel/link.ts";
import { singleton } from "../kernel/singleton.ts";
import { doorbell, type Entrance } from "./doorbell.ts";
import { LaneLink } from "./lane_link.ts";
import { Switchboard } from "./switchboard.ts";
import { livesHeld, watchLife } from "./thread_life.ts";

/** This isolate among the threads of its process, as a member of their switchboard. */
export class ThreadMesh implements Mesh, Entrance {
  readonly board: Switchboard;
  readonly #member: number;
  readonly #links = new Map<IsolateId, LaneLink>();
  /** Those that are sent to by the tree, as there was no lane for them at first: it stays like that, for the order's sake. */
  readonly #byTree = new Set<IsolateId>();
  /** By member: those that are watched, and what ends that. */
  readonly #watches = new Map<number, () => void>();
  /** Those with whom a link has ended while they were perhaps not dead yet. */
  readonly #dying = new Map<number, IsolateId>();
  #sweeping = false;
  #news = 0;

  private constructor(board: Switchboard, member: number) {
    this.board = board;
    this.#member = member;
    doorbell.add(this);
  }

  /** Makes this isolate a member, before its first link. */
  static join(board: Switchboard, member: number): ThreadMesh {
    doorbell.hang(board.bell(member));
    const mesh = singleton("mesh", () => new ThreadMesh(board, member));
    isolate.routes.mesh = mesh;
    return mesh;
  }

  /** This isolate's, if it has one, or can have: the first of a process makes one for the threads that it starts. */
  static get(): ThreadMesh | undefined {
    if (isolate.routes.mesh !== undefined) return isolate.routes.mesh as ThreadMesh;
    if (!isFirst(isolate.id)) return undefined;
    const board = new Switchboard();
    return ThreadMesh.join(board, board.admit(isolate.id)!);
  }

  /** This thread holds its life's lock. */
  live(): void {
    this.board.live(this.#member);
  }

  /** Gives an isolate that is about to be started a place; undefined if there is none, and then the tree is its only way. */
  admit(id: IsolateId): number | undefined {
    const member = this.board.admit(id);
    if (member === undefined) void this.#sweep();
    return member;
  }

  /** A thread is dead. */
  leave(gone: IsolateId): void {
    const member = this.board.find(gone);
    if (member !== undefined) this.board.leave(member, gone);
  }

  linkTo(id: IsolateId): PeerLink | undefined {
    const link = this.#byTree.has(id) ? undefined : this.#linkTo(id);
    if (link?.sends) return link;
    if (link !== undefined) void this.#sweep();
    this.#byTree.add(id);
    return undefined;
  }

  get waiting(): boolean {
    return this.board.news(this.#member) !== this.#news;
  }

  visit(): void {
    this.look();
  }

  look(): void {
    if (!this.waiting) return;
    this.#news = this.board.news(this.#member);
    for (const { from, ring } of this.board.lanesTo(this.#member)) {
      const id = this.board.idOf(from);
      // One that is about to die, since whoever started it has, says nothing more.
      if (isolate.exitOf(id) !== undefined) continue;
      const link = this.#linkTo(id, from);
      // The other side learns by the lane back that this one lives, and can be watched.
      if (link?.hear(ring)) void link.sends;
      this.#watch(from);
    }
  }

  /** @param member which one it is; one that has said something may have left since */
  #linkTo(id: IsolateId, member: number | undefined = this.board.find(id)): LaneLink | undefined {
    const known = this.#links.get(id);
    if (known !== undefined) return known;
    if (member === undefined) return undefined;
    const link = new LaneLink({
      bell: this.board.bell(member),
      claim: () => this.board.claim(this.#member, member, id),
      carry: (frame) => isolate.carry(frame, id),
      ended: (dead) => {
        this.#links.delete(id);
        this.#watches.get(member)?.();
        this.#watches.delete(member);
        if (dead) this.board.part(this.#member, member);
        else this.#dying.set(member, id);
      },
    });
    this.#links.set(id, link);
    isolate.addPeer(id, link);
    this.#watch(member);
    return link;
  }

  #watch(member: number): void {
    if (this.#watches.has(member) || !this.board.lives(member)) return;
    const id = this.board.idOf(member);
    this.#watches.set(member, watchLife(id, () => isolate.suspect(id)));
  }

  /** Places and lanes run out: those are given back whose owners counted as dead before they were, and are by now. */
  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    const alive = await livesHeld();
    this.#sweeping = false;
    for (const member of this.board.members) {
      const id = this.board.idOf(member);
      if (this.board.lives(member) && !isFirst(id) && !alive(id)) this.board.leave(member, id);
    }
    for (const [member, id] of this.#dying) {
      if (alive(id)) continue;
      this.#dying.delete(member);
      this.board.part(this.#member, member);
    }
  }
}
