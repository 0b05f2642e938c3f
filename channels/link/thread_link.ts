import type { IsolateId } from "../kernel/address.ts";
import { isolate } from "../kernel/isolate.ts";
import type { Link } from "../kernel/link.ts";
import { allocateBell, doorbell } from "./doorbell.ts";
import { ThreadMesh } from "./mesh.ts";
import { type Port, PortLink } from "./port_link.ts";
import { allocateLink, type LinkMemory, RingLink } from "./ring_link.ts";
import { Switchboard } from "./switchboard.ts";
import { holdLife } from "./thread_life.ts";

/** A link between an isolate and a thread that it starts. */
export interface ThreadLink extends Link {
  /** Resolves when the thread has said that it listens. */
  readonly heard: Promise<void>;
  /** Says to the other side that this one listens. */
  hail(): void;
  /** The other side is about to be terminated, and is to receive nothing more. */
  doom(): void;
  /** The other side is dead: what it had still sent is given, and then the end. */
  drain(): void;
}

/** `"port"` here links threads without shared memory, which is slower: for tests, and to find out about mistakes. */
const VARIABLE = "TROUPE_LINK";

/** What a thread shares with others. */
export interface ThreadMemory {
  readonly link: LinkMemory;
  /** Its process's switchboard, and which member of that it is. */
  readonly mesh: { readonly board: SharedArrayBuffer; readonly member: number } | undefined;
}

/** What a thread to come is to share with others; nothing, where they are to be linked by its port alone. */
export function shareMemory(id: IsolateId): ThreadMemory | undefined {
  const may = Deno.permissions.querySync({ name: "env", variable: VARIABLE }).state === "granted";
  if (typeof SharedArrayBuffer === "undefined" || (may && Deno.env.get(VARIABLE) === "port")) return undefined;
  const mesh = ThreadMesh.get();
  const member = mesh?.admit(id);
  if (mesh === undefined || member === undefined) return { link: allocateLink(allocateBell()), mesh: undefined };
  const { board } = mesh;
  return { link: allocateLink(board.bell(member)), mesh: { board: board.memory, member } };
}

/** A thread is dead: what it shared with others is free when they need it no more. */
export function reclaimMemory(id: IsolateId): void {
  ThreadMesh.get()?.leave(id);
}

/** Makes the link on the side of whoever started the thread. `beside` is a port of which the thread has the other end. */
export function linkToThread(port: Port, memory: ThreadMemory | undefined, beside: MessagePort): ThreadLink {
  if (memory !== undefined) return new RingLink(port, memory.link, 0, beside);
  beside.close();
  return new PortLink(port);
}

/** Makes the link on the side of the thread. `beside` is a port of which the starter has the other end. */
export function linkToStarter(port: Port, memory: ThreadMemory | undefined, beside: MessagePort): ThreadLink {
  if (memory === undefined) return new PortLink(port);
  const { link, mesh } = memory;
  if (mesh === undefined) doorbell.hang(link.bells[1]);
  else ThreadMesh.join(new Switchboard(mesh.board), mesh.member);
  return new RingLink(port, link, 1, beside);
}

/** Shows others that this thread lives, until it does not. */
export async function showLife(id: IsolateId): Promise<void> {
  await holdLife(id);
  (isolate.routes.mesh as ThreadMesh | undefined)?.live();
}
