import { checkName, checkSize } from "../argument.ts";
import { ClosedError, DisconnectedError } from "../errors.ts";
import { whoActs } from "../kernel/acting.ts";
import { ask } from "../kernel/ask.ts";
import { isCell, type Target } from "../kernel/cell.ts";
import { enroll, handleKind, type Import } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { checkOptions, type OptionNames } from "../kernel/options.ts";
import { packPlain } from "../kernel/pack.ts";
import { root } from "../kernel/root.ts";
import { expected, isCount, isText, startsWith } from "../kernel/shape.ts";
import { checkSpan, type MemoryCell, SEGMENT } from "./memory_cell.ts";
import "./memory_service.ts";

/** Calls the private constructor. */
let makeFace: (parts: Parts) => SharedMemory;

/** What `SharedMemory.create` takes. */
export interface SharedMemoryOptions {
  /** By which others of the program can attach; made up when left out. */
  readonly name?: string | undefined;
}

const SHARED_MEMORY_OPTIONS: OptionNames<SharedMemoryOptions> = { name: true };

/**
 * A segment of bytes that actors share, by handle or by name. (Python's `multiprocessing.shared_memory`, where a reader's
 * exit may destroy what others use.)
 *
 * - **Life**: it lives while anybody in the program has it, whoever made it, and is gone when the last one disposed of
 *   it or died, by `kill -9` too. `unlink` only takes the name away.
 * - **Threads** of the program's own process use the memory itself (`bytes`); others `read` and `write` copies.
 * - **Order**: it begins with zeros. Who uses the memory itself may see a part of what another is just writing; a
 *   `Lock` keeps them apart.
 *
 * @example Share bytes by name
 * ```ts
 * import { SharedMemory } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * using segment = await SharedMemory.create(1024);
 * await segment.write(0, new Uint8Array([1, 2, 3]));
 * using same = await SharedMemory.attach(segment.name);
 * assertEquals(await same.read(1, 2), new Uint8Array([2, 3]));
 * ```
 */
export class SharedMemory implements Disposable {
  /** By which others of the program can attach. */
  readonly name: string;
  /** How many bytes it has. */
  readonly sizeBytes: number;
  readonly #target: Target;
  readonly #bytes: Uint8Array<SharedArrayBuffer> | undefined;
  readonly #imported: Import | undefined;
  #closed = false;

  private constructor(parts: Parts) {
    const { name, sizeBytes, target, memory, imported } = parts;
    this.name = name;
    this.sizeBytes = sizeBytes;
    this.#target = target;
    this.#imported = imported;
    this.#bytes = isCell(target) ? (target as MemoryCell).bytes : memory && new Uint8Array(memory);
    enroll(this, () => {
      this.#assertOpen("send");
      return { kind: SEGMENT, target, meta: [name, sizeBytes], memory: this.#bytes?.buffer };
    });
  }

  /**
   * Makes a segment. A subprocess with fewer permissions than the program has names of its own: `attach` finds a segment
   * under a chosen name only on the side, of the program or of one such subprocess, that chose it.
   *
   * @throws {TypeError} If an argument has the wrong type.
   * @throws {RangeError} If the size is no whole number of at least 1.
   * @throws {Deno.errors.AlreadyExists} If the name is in use.
   */
  static async create(sizeBytes: number, options: SharedMemoryOptions = {}): Promise<SharedMemory> {
    const action = "create shared memory";
    checkSize(action, "sizeBytes", sizeBytes, 1);
    const { name } = checkOptions(action, options, SHARED_MEMORY_OPTIONS);
    if (name !== undefined) checkName(action, name);
    return await askRoot("createMemory", action, [sizeBytes, name]);
  }

  /**
   * Attaches a segment of this program by its name. A made-up name is found by every isolate that knows it.
   *
   * @throws {TypeError} If the name is no string, or empty.
   * @throws {Deno.errors.NotFound} If there is no segment of that name.
   */
  static async attach(name: string): Promise<SharedMemory> {
    const action = "attach shared memory";
    checkName(action, name);
    return await askRoot("attachMemory", action, name);
  }

  /** Whether this handle was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The memory itself, where it is shared.
   *
   * @throws {TypeError} In another process.
   */
  get bytes(): Uint8Array<SharedArrayBuffer> {
    this.#assertOpen("use");
    if (this.#bytes !== undefined) return this.#bytes;
    throw new TypeError(
      "Cannot use shared memory directly: it is not shared with this process, use read() and write()",
    );
  }

  /**
   * Reads a copy of `length` bytes.
   *
   * @throws {RangeError} If they are not all within the segment.
   */
  async read(offset: number = 0, length: number = this.sizeBytes - offset): Promise<Uint8Array<ArrayBuffer>> {
    this.#assertOpen("read");
    checkSpan("read", offset, length, this.sizeBytes);
    if (this.#bytes !== undefined) return new Uint8Array(this.#bytes.subarray(offset, offset + length));
    return await this.#ask("read", [offset, length]) as Uint8Array<ArrayBuffer>;
  }

  /**
   * Writes bytes.
   *
   * @throws {RangeError} If they do not fit.
   */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#assertOpen("write");
    if (!(bytes instanceof Uint8Array)) throw new TypeError("Cannot write shared memory: a Uint8Array is needed");
    checkSpan("write", offset, bytes.length, this.sizeBytes);
    if (this.#bytes !== undefined) this.#bytes.set(bytes, offset);
    else await this.#ask("write", [offset, bytes]);
  }

  /**
   * Takes the name away, so that nobody else can attach; harmless if that was done, or this handle is closed. Those who
   * have the segment keep it.
   */
  async unlink(): Promise<void> {
    // A segment that is gone has no name.
    await this.#ask("unlink", []).catch(() => {});
  }

  /** Gives this handle back; harmless if that was done. */
  close(): Promise<void> {
    this.#closed = true;
    this.#imported?.release();
    return Promise.resolve();
  }

  /** Gives this handle back. */
  [Symbol.dispose](): void {
    void this.close();
  }

  static {
    inspectAs(
      this,
      ({ name, sizeBytes, closed }) => `SharedMemory(${name}, ${sizeBytes} bytes${closed ? ", closed" : ""})`,
    );
    makeFace = (parts) => new SharedMemory(parts);
  }

  #assertOpen(action: string): void {
    if (this.#closed) throw new ClosedError(`Cannot ${action} shared memory: this handle is closed`);
  }

  async #ask(verb: string, args: unknown[]): Promise<unknown> {
    const lost = () => new DisconnectedError(`Cannot ${verb} shared memory: its home is gone`);
    return await ask(this.#target, { holder: whoActs.holder(), verb, body: packPlain(args), lost });
  }
}

interface Parts {
  readonly name: string;
  readonly sizeBytes: number;
  readonly target: Target;
  readonly memory: SharedArrayBuffer | undefined;
  readonly imported: Import | undefined;
}

handleKind(SEGMENT, {
  leased: true,
  revive({ target, meta, memory }, imported) {
    const [name, sizeBytes] = expected("a handle to shared memory", meta, startsWith(isText, isCount));
    return makeFace({ name, sizeBytes, target, memory, imported });
  },
});

async function askRoot(verb: string, action: string, argument: unknown): Promise<SharedMemory> {
  const lost = () => new DisconnectedError(`Cannot ${action}: the program's own isolate is gone`);
  return await ask(root(), { holder: whoActs.holder(), verb, body: packPlain(argument), lost }) as SharedMemory;
}
