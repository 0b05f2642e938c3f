/** A first-in, first-out list whose both ends are cheap. */
export class Deque<T> {
  #items: T[] = [];
  #head = 0;

  /** How many items there are. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Adds an item at the end. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Adds an item at the front. */
  unshift(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item;
    else this.#items.unshift(item);
  }

  /** The first item, left where it is. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** Takes the first item. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined as T;
    // The dead front is cut off once it is most of the array, so that each item is moved at most once on average.
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Whether an item is in it. */
  has(item: T): boolean {
    return this.#items.indexOf(item, this.#head) >= 0;
  }

  /** Takes an item from wherever it is. */
  remove(item: T): boolean {
    // Of many that leave at once it is mostly the first.
    if (this.size > 0 && this.#items[this.#head] === item) {
      this.shift();
      return true;
    }
    const at = this.#items.indexOf(item, this.#head);
    if (at < 0) return false;
    this.#items.splice(at, 1);
    return true;
  }

  /** Inserts an item before the first one for which `follows` is true. */
  insert(item: T, follows: (other: T) => boolean): void {
    if (this.size > 0 && follows(this.#items[this.#head])) return this.unshift(item);
    let at = this.#head;
    while (at < this.#items.length && !follows(this.#items[at])) at++;
    this.#items.splice(at, 0, item);
  }

  /** Takes all items. */
  clear(): T[] {
    const items = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return items;
  }

  /** The items in order. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.slice(this.#head)[Symbol.iterator]();
  }
}
