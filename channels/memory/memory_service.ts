import { makeSecret } from "../kernel/address.ts";
import { Transit } from "../kernel/transit.ts";
import { unpack } from "../kernel/pack.ts";
import { rootService } from "../kernel/root.ts";
import { MemoryCell, SEGMENT } from "./memory_cell.ts";

const segments = new Map<string, MemoryCell>();

rootService("createMemory", (request) => {
  const [sizeBytes, wanted] = unpack(request.body, request.from) as [number, string | undefined];
  if (wanted !== undefined && segments.has(wanted)) {
    return request.throw(new Deno.errors.AlreadyExists(`Cannot create shared memory: the name "${wanted}" is in use`));
  }
  let name = wanted ?? makeSecret();
  while (segments.has(name)) name = makeSecret();
  const cell = new MemoryCell(name, sizeBytes, () => {
    if (segments.get(name) === cell) segments.delete(name);
  });
  segments.set(name, cell);
  request.replyValue(handleTo(cell), "result");
});

rootService("attachMemory", (request) => {
  const name = unpack(request.body, request.from) as string;
  const cell = segments.get(name);
  if (cell !== undefined) return request.replyValue(handleTo(cell), "result");
  request.throw(new Deno.errors.NotFound(`Cannot attach shared memory: there is none named "${name}"`));
});

function handleTo(cell: MemoryCell): Transit {
  return new Transit({ kind: SEGMENT, target: cell, meta: [cell.name, cell.bytes.length], memory: cell.bytes.buffer });
}
