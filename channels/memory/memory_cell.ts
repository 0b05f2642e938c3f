import type { Charge } from "../kernel/account.ts";
import { Cell } from "../kernel/cell.ts";
import { unpack } from "../kernel/pack.ts";
import { noSuchRequest, type Request } from "../kernel/request.ts";

/** The lease of one who has attached a segment. */
export const SEGMENT = "shared-memory";

/** The home of a memory segment, which is the program's own isolate: it outlives whoever made it. */
export class MemoryCell extends Cell {
  readonly name: string;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** What it costs the stranger that has made it. */
  charge: Charge | undefined;
  readonly #unlink: () => void;

  /** @param unlink takes the name away */
  constructor(name: string, sizeBytes: number, unlink: () => void) {
    super();
    this.name = name;
    this.bytes = new Uint8Array(new SharedArrayBuffer(sizeBytes));
    this.#unlink = unlink;
  }

  receive(request: Request): void {
    const [offset, argument] = unpack(request.body, request.from) as [number, number | Uint8Array];
    switch (request.verb) {
      case "read":
        return request.reply(this.bytes.slice(offset, offset + (argument as number)));
      case "write":
        this.bytes.set(argument as Uint8Array, offset);
        return request.reply();
      case "unlink":
        this.#unlink();
        return request.reply();
      default:
        request.throw(noSuchRequest("shared memory", request.verb));
    }
  }

  override returned(kind: string): void {
    if (kind !== SEGMENT || this.holdersOf(SEGMENT) > 0) return;
    this.#unlink();
    this.charge?.end();
  }
}
