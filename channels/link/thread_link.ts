import type { Link } from "../kernel/link.ts";
import { doorbell } from "./doorbell.ts";
import { type Port, PortLink } from "./port_link.ts";
import { allocateLink, RingLink, type RingMemory } from "./ring_link.ts";

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

/** What a thread to come is to share with this isolate; nothing, where they are to be linked by its port alone. */
export function shareMemory(): RingMemory | undefined {
  const may = Deno.permissions.querySync({ name: "env", variable: VARIABLE }).state === "granted";
  if (typeof SharedArrayBuffer === "undefined" || (may && Deno.env.get(VARIABLE) === "port")) return undefined;
  return allocateLink();
}

/** Makes the link on the side of whoever started the thread. */
export function linkToThread(port: Port, memory: RingMemory | undefined): ThreadLink {
  return memory === undefined ? new PortLink(port) : new RingLink(port, memory, 0);
}

/** Makes the link on the side of the thread. */
export function linkToStarter(port: Port, memory: RingMemory | undefined): ThreadLink {
  if (memory === undefined) return new PortLink(port);
  doorbell.hang(memory.bells[1]);
  return new RingLink(port, memory, 1);
}
