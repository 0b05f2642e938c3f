import type { IsolateId } from "../kernel/address.ts";
import { type Bell, BELL_WORDS } from "./doorbell.ts";
import { type RingMemory, ringSize } from "./ring.ts";

/*
 * The memory of a switchboard: a record for each member, a word for each lane that says whose it is, and the lanes.
 * Nothing of it is touched, and so backed by real memory, before it is used.
 */
const MEMBERS = 512;
const RECORD_BYTES = 256;
/** How much a member was told of; the words before are its bell. */
const NEWS = BELL_WORDS;
const STATUS = NEWS + 1;
const ID_LENGTH = STATUS + 1;
const ID_BYTES = 4 * (ID_LENGTH + 1);
const LONGEST_ID = RECORD_BYTES - ID_BYTES;

const FREE = 0;
const CLAIMED = 1;
const ADMITTED = 2;
const ALIVE = 3;
const GONE = 4;

const LANES = 1024;
const LANE_BYTES: number = ringSize(65_536);
const OWNERS_AT = MEMBERS * RECORD_BYTES;
const LANES_AT = OWNERS_AT + 4 * LANES;

/** A one-way ring from one member to another. */
export interface Lane {
  readonly from: number;
  readonly ring: RingMemory;
}

/**
 * Memory that all threads of a process share, and by which any two of them get a link without anybody else's help: no
 * event loop but their own has to turn for it. A sender claims a lane, writes, and rings.
 *
 * Everything is claimed with one compare-and-swap that names its owner, so that whoever dies leaves nothing in between;
 * and what two members had is given back by the one who outlives the other, or is found by whoever needs it.
 */
export class Switchboard {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #owners: Int32Array<SharedArrayBuffer>;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(LANES_AT + LANES * LANE_BYTES)) {
    this.#words = new Int32Array(memory, 0, OWNERS_AT / 4);
    this.#owners = new Int32Array(memory, OWNERS_AT, LANES);
  }

  /** Gives an isolate a place; undefined if there is none, and then it is reached by the tree alone. */
  admit(id: IsolateId): number | undefined {
    const name = new TextEncoder().encode(id);
    if (name.length > LONGEST_ID) return undefined;
    for (const from of [FREE, GONE]) {
      for (let member = 0; member < MEMBERS; member++) {
        const status = this.#at(member, STATUS);
        if (Atomics.compareExchange(this.#words, status, from, CLAIMED) !== from) continue;
        // Somebody may not know yet that the one who had this place is dead.
        if (from === GONE && this.#isNamed(member)) Atomics.store(this.#words, status, GONE);
        else return this.#settle(member, name);
      }
    }
    return undefined;
  }

  #settle(member: number, name: Uint8Array): number {
    for (let word = 0; word < STATUS; word++) this.#words[this.#at(member, word)] = 0;
    this.#words[this.#at(member, ID_LENGTH)] = name.length;
    new Uint8Array(this.memory).set(name, member * RECORD_BYTES + ID_BYTES);
    Atomics.store(this.#words, this.#at(member, STATUS), ADMITTED);
    return member;
  }

  /** A member holds its life's lock from now on. */
  live(member: number): void {
    Atomics.store(this.#words, this.#at(member, STATUS), ALIVE);
  }

  /** Whether a member's end can be told by its lock: before it lives, the lock is free, too. */
  lives(member: number): boolean {
    return Atomics.load(this.#words, this.#at(member, STATUS)) === ALIVE;
  }

  /** A member is dead. */
  leave(member: number, id: IsolateId): void {
    if (this.#is(member, id)) Atomics.store(this.#words, this.#at(member, STATUS), GONE);
  }

  /** All members there are. */
  get members(): number[] {
    return Array.from({ length: MEMBERS }, (_, member) => member).filter((member) => this.#isMember(member));
  }

  /** The member that has this id. */
  find(id: IsolateId): number | undefined {
    for (let member = 0; member < MEMBERS; member++) if (this.#is(member, id)) return member;
    return undefined;
  }

  /** Who a member is. */
  idOf(member: number): IsolateId {
    const start = member * RECORD_BYTES + ID_BYTES;
    const bytes = new Uint8Array(this.memory, start, this.#words[this.#at(member, ID_LENGTH)]);
    return new TextDecoder().decode(bytes.slice());
  }

  /** What wakes a member. */
  bell(member: number): Bell {
    return new Int32Array(this.memory, member * RECORD_BYTES, BELL_WORDS);
  }

  /** A number that changes when there is a new lane to a member. */
  news(member: number): number {
    return Atomics.load(this.#words, this.#at(member, NEWS));
  }

  /** A lane from one member to another, if there is one left. */
  claim(from: number, to: number, id: IsolateId): RingMemory | undefined {
    const lane = this.#claim(from, to) ?? (this.#reclaim() ? this.#claim(from, to) : undefined);
    if (lane === undefined) return undefined;
    // It may have died since it was found, and another may have its place.
    if (!this.#is(to, id)) return void this.#free(lane);
    Atomics.add(this.#words, this.#at(to, NEWS), 1);
    return this.#ring(lane);
  }

  /** The lanes that lead to a member. */
  lanesTo(member: number): Lane[] {
    return this.#lanes((_, to) => to === member).map((lane) => ({
      from: ownersOf(this.#owners[lane])[0],
      ring: this.#ring(lane),
    }));
  }

  /** Gives back what two members had between them, of whom one is dead, and the other, which calls this, done with it. */
  part(one: number, other: number): void {
    const between = (from: number, to: number) => (from === one && to === other) || (from === other && to === one);
    for (const lane of this.#lanes(between)) this.#free(lane);
  }

  #claim(from: number, to: number): number | undefined {
    for (let lane = 0; lane < LANES; lane++) {
      if (Atomics.compareExchange(this.#owners, lane, 0, ownedBy(from, to)) === 0) return lane;
    }
    return undefined;
  }

  /** Frees the lanes of which nobody is left. Returns whether there were any. */
  #reclaim(): boolean {
    const gone = (member: number) => Atomics.load(this.#words, this.#at(member, STATUS)) === GONE;
    const lanes = this.#lanes((from, to) => gone(from) && gone(to));
    for (const lane of lanes) this.#free(lane);
    return lanes.length > 0;
  }

  #free(lane: number): void {
    const owned = Atomics.load(this.#owners, lane);
    if (owned <= 0 || Atomics.compareExchange(this.#owners, lane, owned, -1) !== owned) return;
    this.#ring(lane).fill(0, 0, ringSize(0));
    Atomics.store(this.#owners, lane, 0);
  }

  #isNamed(member: number): boolean {
    return this.#lanes((from, to) => from === member || to === member).length > 0;
  }

  #lanes(wanted: (from: number, to: number) => boolean): number[] {
    const found: number[] = [];
    for (let lane = 0; lane < LANES; lane++) {
      const owned = Atomics.load(this.#owners, lane);
      if (owned > 0 && wanted(...ownersOf(owned))) found.push(lane);
    }
    return found;
  }

  #ring(lane: number): RingMemory {
    return new Uint8Array(this.memory, LANES_AT + lane * LANE_BYTES, LANE_BYTES);
  }

  #is(member: number, id: IsolateId): boolean {
    if (!this.#isMember(member)) return false;
    return this.#words[this.#at(member, ID_LENGTH)] === id.length && this.idOf(member) === id;
  }

  #isMember(member: number): boolean {
    const status = Atomics.load(this.#words, this.#at(member, STATUS));
    return status === ADMITTED || status === ALIVE;
  }

  #at(member: number, word: number): number {
    return member * (RECORD_BYTES / 4) + word;
  }
}

/** The word of a lane; 0 is nobody's. */
function ownedBy(from: number, to: number): number {
  return (from << 16 | to) + 1;
}

function ownersOf(owned: number): [from: number, to: number] {
  return [owned - 1 >> 16, owned - 1 & 0xffff];
}
