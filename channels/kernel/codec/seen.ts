/** Up to this many objects scanning a list beats hashing them. */
const SCANNED = 128;

/** The objects of one value, numbered in order of first appearance. */
export class Seen {
  readonly #list: object[] = [];
  #numbers: Map<object, number> | undefined;

  /** How many there are. */
  get size(): number {
    return this.#list.length;
  }

  /** The number of `object` if it was added before, else -1, and it is added. */
  add(object: object): number {
    const list = this.#list;
    let numbers = this.#numbers;
    if (numbers === undefined) {
      if (list.length < SCANNED) {
        const known = list.length < 8 ? scan(list, object) : list.indexOf(object);
        if (known < 0) list.push(object);
        return known;
      }
      numbers = this.#numbers = new Map();
      for (let i = 0; i < list.length; i++) numbers.set(list[i], i);
    }
    const known = numbers.get(object);
    if (known !== undefined) return known;
    numbers.set(object, list.length);
    list.push(object);
    return -1;
  }

  /** Forgets all but the first `size`. */
  truncate(size: number): void {
    const list = this.#list;
    if (size === 0) this.#numbers = undefined;
    if (this.#numbers !== undefined) { for (let i = size; i < list.length; i++) this.#numbers.delete(list[i]); }
    list.length = size;
  }
}

function scan(list: readonly object[], object: object): number {
  for (let i = 0; i < list.length; i++) if (list[i] === object) return i;
  return -1;
}
