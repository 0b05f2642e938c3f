import { Cell } from "../kernel/cell.ts";
import { bodyOf } from "../kernel/relay.ts";
import { noSuchRequest, type Request } from "../kernel/request.ts";
import { expected, isBytes, isList } from "../kernel/shape.ts";
import { brief } from "../kernel/show.ts";

/** The lease of one who has attached a segment. */
export const SEGMENT = "shared-memory";

/** The home of a memory segment, which is the program's own isolate: it outlives whoever made it. */
export class MemoryCell extends Cell {
  readonly name: string;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly #unlink: () => void;

  /** @param unlink takes the name away */
  constructor(name: string, sizeBytes: number, unlink: () => void) {
    super();
    this.name = name;
    this.bytes = new Uint8Array(new SharedArrayBuffer(sizeBytes));
    this.#unlink = unlink;
  }

  receive(request: Request): void {
    const what = "a request for shared memory";
    const [offset, argument] = expected(what, bodyOf(request, this), isList);
    const size = this.bytes.length;
    switch (request.verb) {
      case "read": {
        const [start, length] = checkSpan("read", offset, argument, size);
        return request.reply(this.bytes.slice(start, start + length));
      }
      case "write": {
        // Of anything else each item would be taken for a number, which of lists of lists takes time without end.
        const bytes = expected(what, argument, isBytes);
        const [start] = checkSpan("write", offset, bytes.length, size);
        this.bytes.set(bytes, start);
        return request.reply();
      }
      case "unlink":
        this.#unlink();
        return request.reply();
      default:
        request.throw(noSuchRequest("shared memory", request.verb));
    }
  }

  override returned(kind: string): void {
    if (kind === SEGMENT && this.holdersOf(SEGMENT) === 0) this.#unlink();
  }
}

/**
 * Where so many bytes begin, and how many they are.
 *
 * @throws {TypeError} If one of both is no number.
 * @throws {RangeError} If they are not all within the segment.
 */
export function checkSpan(action: string, offset: unknown, length: unknown, size: number): [number, number] {
  for (const value of [offset, length]) {
    if (typeof value !== "number" || Number.isNaN(value)) {
      throw new TypeError(`Cannot ${action} shared memory: ${brief(value)} is no number`);
    }
  }
  const [start, count] = [offset, length] as [number, number];
  const isWithin = Number.isSafeInteger(start) && Number.isSafeInteger(count) && start >= 0 && count >= 0 &&
    start + count <= size;
  if (isWithin) return [start, count];
  throw new RangeError(`Cannot ${action} shared memory: ${count} bytes at ${start} are not within its ${size}`);
}
