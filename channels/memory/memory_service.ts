import { checkSize } from "../argument.ts";
import { makeSecret, strangerOf } from "../kernel/address.ts";
import { oneLine } from "../kernel/escape.ts";
import { Transit } from "../kernel/handle.ts";
import { isolate } from "../kernel/isolate.ts";
import type { Request } from "../kernel/request.ts";
import { expected, isCount, isText, maybe, startsWith } from "../kernel/shape.ts";
import { packAnswer } from "../kernel/pack.ts";
import { bodyOf } from "../kernel/relay.ts";
import { rootService } from "../kernel/root.ts";
import { MemoryCell, SEGMENT } from "./memory_cell.ts";

/** The segments of which the name was made up here, and so is a secret. */
const secret = new Map<string, MemoryCell>();
/** The others, by whose name it is: a stranger's names are its own, so that it can neither guess nor take another's. */
const named = new Map<string, MemoryCell>();

rootService("createMemory", "all", (request, root) => {
  // A segment that nobody is told of could never be given back.
  if (request.asker === undefined) return;
  const asked = startsWith(isCount, maybe(isText));
  const [sizeBytes, wanted] = expected("a request for memory", bodyOf(request, root), asked);
  checkSize("create shared memory", "sizeBytes", sizeBytes, 1);
  const { account } = request.from;
  // JavaScript may keep a character in two bytes.
  const kept = sizeBytes + 2 * (wanted?.length ?? 0);
  const error = account?.noRoom(kept);
  if (error !== undefined) return request.throw(error);
  const [segments, key] = wanted === undefined ? [secret, freshSecret()] : [named, keyOf(request, wanted)];
  if (segments.has(key)) {
    const why = `the name "${oneLine(wanted ?? key)}" is in use`;
    return request.throw(new Deno.errors.AlreadyExists(`Cannot create shared memory: ${why}`));
  }
  const cell = new MemoryCell(wanted ?? key, sizeBytes, () => {
    if (segments.get(key) === cell) segments.delete(key);
  });
  if (account !== undefined) cell.chargeTo(account, kept);
  // First, as it throws if the name is too long to travel: nobody could give such a segment back.
  const handle = packAnswer(handleTo(cell), "result", request.from);
  segments.set(key, cell);
  request.replyPacket(handle);
});

rootService("attachMemory", "all", (request, root) => {
  const name = expected("a request for memory", bodyOf(request, root), isText);
  const cell = secret.get(name) ?? named.get(keyOf(request, name));
  if (cell !== undefined) return request.replyValue(handleTo(cell), "result");
  request.throw(new Deno.errors.NotFound(`Cannot attach shared memory: there is none named "${oneLine(name)}"`));
});

function freshSecret(): string {
  let name = makeSecret();
  while (secret.has(name)) name = makeSecret();
  return name;
}

function keyOf({ from }: Request, name: string): string {
  return `${strangerOf(from.isolate, isolate.id) ?? ""} ${name}`;
}

function handleTo(cell: MemoryCell): Transit {
  return new Transit({ kind: SEGMENT, target: cell, meta: [cell.name, cell.bytes.length], memory: cell.bytes.buffer });
}
