/** Stands where an item was taken from between others. */
const HOLE = Symbol("hole");

/** So far in each direction an item is looked for before all are looked through. */
const NEAR = 64;

/** A first-in, first-out list whose both ends are cheap. Each item is in it once. */
export class Deque<T> {
  /** Neither the first nor the last of them is a hole. */
  #items: (T | typeof HOLE)[] = [];
  #head = 0;
  #holes = 0;
  /** Where an item was taken last from between others, more or less. */
  #near = 0;
  /** Where each item is, once one was looked for that was not near; until the items change places. */
  #places: Map<T, number> | undefined;

  /** How many items there are. */
  get size(): number {
    return this.#items.length - this.#head - this.#holes;
  }

  /** Adds an item at the end. */
  push(item: T): void {
    this.#places?.set(item, this.#items.length);
    this.#items.push(item);
  }

  /** Adds an item at the front. */
  unshift(item: T): void {
    this.#places = undefined;
    if (this.#head > 0) this.#items[--this.#head] = item;
    else this.#items.unshift(item);
  }

  /** The first item, left where it is. */
  peek(): T | undefined {
    return this.#items[this.#head] as T | undefined;
  }

  /** Takes the first item. */
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head] as T;
    this.#items[this.#head++] = undefined as T;
    this.#places?.delete(item);
    if (this.#holes > 0) this.#skip();
    // The dead front is cut off once it is most of the array, so that each item is moved at most once on average.
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#near -= this.#head;
      this.#head = 0;
      this.#places = undefined;
    }
    return item;
  }

  /** Whether an item is in it. */
  has(item: T): boolean {
    return this.#items.indexOf(item, this.#head) >= 0;
  }

  /** Takes an item from wherever it is. Those who leave together mostly leave in order: then each is found at once. */
  remove(item: T): boolean {
    if (this.size === 0) return false;
    if (this.#items[this.#head] === item) {
      this.shift();
      return true;
    }
    const at = this.#find(item);
    if (at < 0) return false;
    this.#near = at;
    this.#places?.delete(item);
    if (at === this.#items.length - 1) {
      this.#items.pop();
      for (; this.#items.at(-1) === HOLE; this.#holes--) this.#items.pop();
      return true;
    }
    // Others are not moved for each, but once for many.
    this.#items[at] = HOLE;
    this.#holes++;
    if (this.#holes > 64 && this.#holes > this.size) this.#close();
    return true;
  }

  /** Adds items to what is in this order, so that it still is. */
  merge(added: readonly T[], order: (one: T, other: T) => number): void {
    if (added.length === 0) return;
    const sorted = added.toSorted(order);
    this.#close();
    this.#places = undefined;
    const items = this.#items as T[];
    let end = this.#head;
    while (end < items.length && order(items[end], sorted.at(-1)!) < 0) end++;
    // The items behind all of them stay where they are, if there is room in front.
    const front = items.slice(this.#head, end).concat(sorted).sort(order);
    if (front.length > end) this.#items = front.concat(items.slice(end));
    else for (let at = 0; at < front.length; at++) items[end - front.length + at] = front[at];
    this.#head = Math.max(0, end - front.length);
  }

  /** Takes all items. */
  clear(): T[] {
    this.#close();
    const items = this.#items.slice(this.#head) as T[];
    this.#items = [];
    this.#head = 0;
    this.#places = undefined;
    return items;
  }

  /** The items in order. */
  [Symbol.iterator](): IterableIterator<T> {
    this.#close();
    return (this.#items.slice(this.#head) as T[])[Symbol.iterator]();
  }

  /** Where an item is, looked for first in both directions from where one was taken last; -1 if it is not there. */
  #find(item: T): number {
    const items = this.#items;
    let before = Math.min(this.#near, items.length - 1);
    let behind = Math.max(before + 1, this.#head);
    for (let step = 0; step < NEAR && (before >= this.#head || behind < items.length); step++, before--, behind++) {
      if (before >= this.#head && items[before] === item) return before;
      if (behind < items.length && items[behind] === item) return behind;
    }
    if (before < this.#head && behind >= items.length) return -1;
    return (this.#places ??= this.#allPlaces()).get(item) ?? -1;
  }

  #allPlaces(): Map<T, number> {
    const places = new Map<T, number>();
    for (let at = this.#head; at < this.#items.length; at++) {
      const item = this.#items[at];
      if (item !== HOLE) places.set(item, at);
    }
    return places;
  }

  /** Goes on to the first item. */
  #skip(): void {
    for (; this.#items[this.#head] === HOLE; this.#holes--) this.#items[this.#head++] = undefined as T;
  }

  /** Closes the holes. */
  #close(): void {
    if (this.#holes === 0) return;
    this.#places = undefined;
    const closed = (from: number, to?: number) => this.#items.slice(from, to).filter((item) => item !== HOLE);
    const before = closed(this.#head, Math.max(this.#head, this.#near));
    this.#items = before.concat(closed(Math.max(this.#head, this.#near)));
    this.#near = before.length;
    this.#head = this.#holes = 0;
  }
}
