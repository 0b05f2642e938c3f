import { decode } from "../../channels/kernel/codec/decode.ts";
import { enroll, indexesOf, type Passage } from "../../channels/kernel/handle.ts";
import type { Packet } from "../../channels/kernel/packet.ts";

/** Stands in a value for a handle that lies in a packet, of which it is no further lease. */
class KeptHandle {
  constructor(passages: readonly Passage[], index: number) {
    const parts: KeptHandle[] = [];
    for (let at = index + 1; at <= index + (passages[index].parts ?? 0); at += 1 + (passages[at].parts ?? 0)) {
      parts.push(new KeptHandle(passages, at));
    }
    enroll(this, () => passages[index], parts);
  }
}

/** Reads a value that stays where it is. Its handles can be sent on, and are good for nothing else. */
export function peek({ bytes, passages }: Packet): unknown {
  if (bytes.length === 0) return undefined;
  const handles = new Map<number, KeptHandle>();
  const named = new Set<number>();
  return decode(bytes, {
    handle(index) {
      if (!handles.has(index) && passages[index] !== undefined) {
        for (const at of indexesOf(passages, index, named)) named.add(at);
        handles.set(index, new KeptHandle(passages, index));
      }
      return handles.get(index);
    },
    transfer: () => undefined,
  });
}

/**
 * The packet as it is to be kept. Its handles will go to many: what one of them alone may be called in shared memory none
 * of them is, and that its first owner has passed it on is no news to come.
 */
export function keepable(packet: Packet): Packet {
  if (packet.passages.length === 0) return packet;
  return { ...packet, passages: packet.passages.map(keepablePassage) };
}

function keepablePassage({ kind, target, also, meta, parts, memory, number = 0 }: Passage): Passage {
  return { kind, target, also, meta, parts, memory: number > 0 ? undefined : memory };
}
