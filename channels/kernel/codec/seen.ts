/** Up to this many objects scanning a list beats hashing them. */
const SCANNED = 64;
/** A list that was longer than this is not kept for the next value. */
const KEPT = 32;

/** The objects of one value, numbered in order of first appearance. */
export class Seen {
  /** Behind `size` it has nothing. */
  #list: (object | undefined)[] = [];
  #size = 0;
  #numbers: Map<object, number> | undefined;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** The number of `object` if it was added before, else -1, and it is added. */
  add(object: object): number {
    const size = this.#size;
    if (size < SCANNED) return this.#scan(object);
    const known = this.#map().get(object);
    if (known !== undefined) return known;
    this.#numbers!.set(object, size);
    this.#list[this.#size++] = object;
    return -1;
  }

  /** Adds `object`; false if it was added before, after which numbers mean nothing until all is forgotten. */
  addNew(object: object): boolean {
    const size = this.#size;
    if (size < SCANNED) return this.#scan(object) < 0;
    // One look-up does for both questions.
    if (this.#map().set(object, size).size === size) return false;
    this.#list[this.#size++] = object;
    return true;
  }

  /** Whether `object` was added after the first `size`; false if it was never added. */
  isAfter(object: object, size: number): boolean {
    return (this.#numbers?.get(object) ?? this.#list.indexOf(object)) >= size;
  }

  /** Forgets all but the first `size`. */
  truncate(size: number): void {
    const list = this.#list;
    if (size < SCANNED) this.#numbers = undefined;
    else for (let i = size; i < this.#size; i++) this.#numbers?.delete(list[i]!);
    if (list.length > KEPT) list.length = size;
    else for (let i = size; i < this.#size; i++) list[i] = undefined;
    this.#size = size;
  }

  #scan(object: object): number {
    const size = this.#size;
    const known = size < 8 ? scan(this.#list, size, object) : this.#list.indexOf(object);
    if (known < 0) this.#list[this.#size++] = object;
    return known;
  }

  #map(): Map<object, number> {
    return this.#numbers ??= new Map(this.#list.slice(0, this.#size).map((object, number) => [object!, number]));
  }
}

function scan(list: readonly unknown[], size: number, object: object): number {
  for (let i = 0; i < size; i++) if (list[i] === object) return i;
  return -1;
}
