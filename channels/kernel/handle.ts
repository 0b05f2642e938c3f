import { type IsolateId, sameProcess } from "./address.ts";
import { addressOf, isCell, type Target } from "./cell.ts";
import { malformed } from "./codec/reader.ts";
import { oneLine } from "./escape.ts";
import { Holder, holders } from "./holder.ts";
import { isolate } from "./isolate.ts";
import { singleton } from "./singleton.ts";

/** A handle on its way: what kind it is, what it points to, and what else its face needs to know. */
export interface Passage {
  readonly kind: string;
  readonly target: Target;
  /** A second cell that the face talks to, of which it has no lease. */
  readonly also?: Target | undefined;
  /** A plain value, of which `metaSize` tells. */
  readonly meta: unknown;
  /** How many of the passages that follow belong to this one. */
  readonly parts?: number | undefined;
  /** Memory of the cell's that the new holder may use directly. It arrives only within one process. */
  readonly memory?: SharedArrayBuffer | undefined;
  /** What this copy of the handle is called in that memory; 0 is nothing. */
  readonly number?: number | undefined;
  /** Told when the handle has really left, its new holder noted. */
  departed?(): void;
}

/** How handles of one kind are made on arrival. */
export interface HandleKind {
  /** The leases that a holder has by having one; none for what lives and dies by itself, as actors do. */
  readonly leased: boolean;
  /** Whether it lasts as long as the call that brings it, so that it cannot be kept. */
  readonly bridged?: boolean;
  /** Makes the face. `imported` is the lease that came with it, `parts` the faces of what belongs to it. */
  revive(passage: Passage, imported: Import | undefined, holder: Holder, parts: readonly object[]): object;
}

/** A message has at most so many handles, and their metas have at most so many bytes. */
export const MOST_HANDLES = 65_536;
export const MOST_META_BYTES: number = 2 * 1024 * 1024;

/** Lists and records within a meta nest at most so deep. */
const META_DEPTH = 4;
const HEAD_BYTES = 5;
const ASCII = /^\p{ASCII}*$/u;

/**
 * At most how many bytes a handle's meta takes on the wire: constants, numbers, strings, bytes, and lists and records of
 * those. Infinity for anything else.
 */
export function metaSize(meta: unknown, depth: number = 0): number {
  if (typeof meta === "string") return HEAD_BYTES + (ASCII.test(meta) ? 1 : 3) * meta.length;
  if (typeof meta === "bigint" || typeof meta === "symbol" || typeof meta === "function") return Infinity;
  if (typeof meta !== "object" || meta === null) return 9;
  if (meta instanceof Uint8Array) return HEAD_BYTES + meta.length;
  const isRecord = Object.getPrototypeOf(meta) === Object.prototype;
  if (depth === META_DEPTH || !(isRecord || Array.isArray(meta))) return Infinity;
  let size = HEAD_BYTES;
  if (isRecord) { for (const key of Object.keys(meta)) size += metaSize(key); }
  for (const part of isRecord ? Object.values(meta) : meta as unknown[]) size += metaSize(part, depth + 1);
  return size;
}

/** Holds nothing. */
const NOBODY = new Holder("", 0);

const kinds: Map<string, HandleKind> = singleton("handle-kinds", () => new Map());
const NO_PARTS: readonly never[] = [];

/** Something that the library knows of faces: of each by itself, or for all of a class, made when it is first asked for. */
export class Faces<T> {
  readonly #known = new WeakMap<object, T>();
  readonly #makers = new Map<object | null, (face: object) => T | undefined>();

  /** Notes it of one face. */
  set(face: object, value: T): void {
    this.#known.set(face, value);
  }

  /** Says how to make it for the objects of a class. A face of which nothing was asked yet takes no memory here. */
  setFor<F extends object>(prototype: F, make: (face: F) => T | undefined): void {
    this.#makers.set(prototype, make as (face: object) => T | undefined);
  }

  /** It, if it is known of this face. */
  get(face: object): T | undefined {
    return this.#known.get(face) ?? this.#make(face);
  }

  #make(face: object): T | undefined {
    const value = this.#makerOf(face)?.(face);
    if (value !== undefined) this.#known.set(face, value);
    return value;
  }

  #makerOf(face: object): ((face: object) => T | undefined) | undefined {
    try {
      return this.#makers.get(Object.getPrototypeOf(face));
    } catch {
      // A proxy of a user's, which is no face.
      return undefined;
    }
  }
}

interface Face {
  readonly passage: () => Passage;
  readonly parts: readonly object[];
}

const faces: Faces<Face> = singleton("faces", () => new Faces());

/** Says how handles of this kind are made on arrival. */
export function handleKind(name: string, kind: HandleKind): void {
  if (!kinds.has(name)) kinds.set(name, kind);
}

/** Lets `face` travel. `passage` is asked at each departure; `parts` are handles that always go with it. */
export function enroll(face: object, passage: () => Passage, parts: readonly object[] = []): void {
  faces.set(face, { passage, parts });
}

/** Lets all objects of a class travel, of which there may be many. `passageOf` gives nothing for one that only looks so. */
export function enrollAll<F extends object>(prototype: F, passageOf: (face: F) => (() => Passage) | undefined): void {
  faces.setFor(prototype, (face) => {
    const passage = passageOf(face);
    return passage && { passage, parts: NO_PARTS };
  });
}

/** Stands in a message for a handle of which the sender has no face. (Not a plain object, which would travel as one.) */
export class Transit {
  /** @param parts handles that go with it */
  constructor(passage: Passage, parts: readonly object[] = []) {
    enroll(this, () => passage, parts);
  }
}

/** What to send for `face`, if it is a handle: its own passage first, then those of its parts. */
export function passagesOf(face: object): [Passage, ...Passage[]] | undefined {
  const known = faces.get(face);
  if (known === undefined) return undefined;
  const parts = known.parts.flatMap((part) => passagesOf(part)!);
  return [{ ...known.passage(), parts: parts.length }, ...parts];
}

/** A lease that came to a holder of this isolate with a handle; given back once, by whoever does it first. */
export class Import {
  #released = false;

  constructor(readonly target: Target, readonly kind: string, readonly holder: Holder) {
    assertResident(holder);
    holder.imports.add(this);
    // Not in the constructor: the caller has yet to note down what it holds.
    if (holder.gone) queueMicrotask(() => this.release());
  }

  /** Gives the lease back. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.holder.imports.delete(this);
    collected.unregister(this);
    releaseLease(this.target, this.kind, this.holder);
  }
}

const collected = new FinalizationRegistry<Import>((imported) => imported.release());

/** Gives the lease back when its face is collected, should nobody have done so before. */
export function releaseWith(face: object, imported: Import): void {
  collected.register(face, imported, imported);
}

/** Makes the face of the handle at `index`, which has come to `holder`, and of what belongs to it. */
export function revive(passages: readonly Passage[], index: number, holder: Holder): object {
  const passage = passages[index];
  const parts = partsOf(passages, index, (at) => revive(passages, at, holder));
  const kind = kindOf(passage);
  const imported = kind.leased ? new Import(passage.target, passage.kind, holder) : undefined;
  const face = kind.revive(passage, imported, holder, parts);
  if (imported !== undefined) releaseWith(face, imported);
  return face;
}

/**
 * Makes the face of the handle at `index` without its lease, to see whether it can be made. Nobody may use the face.
 *
 * @throws {Error} If it cannot be made, or kept.
 */
export function tryToRevive(passages: readonly Passage[], index: number): object {
  const passage = passages[index];
  const parts = partsOf(passages, index, (at) => tryToRevive(passages, at));
  const kind = kindOf(passage);
  return kind.bridged
    ? malformed("it keeps a handle that lasts as long as a call")
    : kind.revive(passage, undefined, NOBODY, parts);
}

function partsOf(passages: readonly Passage[], index: number, make: (at: number) => object): object[] {
  const parts: object[] = [];
  for (let at = index + 1; at <= index + (passages[index].parts ?? 0); at += 1 + (passages[at].parts ?? 0)) {
    parts.push(make(at));
  }
  return parts;
}

function kindOf({ kind: name }: Passage): HandleKind {
  const kind = kinds.get(name);
  if (kind !== undefined) return kind;
  throw new Error(`Cannot receive a handle: this program knows no kind "${oneLine(name)}"`);
}

/**
 * The indexes of a handle that a value names, and of its parts.
 *
 * @param named those that it has named before
 * @throws {ProtocolError} If one of them is among those: a message of a few bytes could have each made any number of times.
 */
export function indexesOf(passages: readonly Passage[], index: number, named: ReadonlySet<number>): number[] {
  const indexes = Array.from({ length: 1 + (passages[index].parts ?? 0) }, (_, at) => index + at);
  return indexes.some((at) => named.has(at)) ? malformed("it names part of another handle") : indexes;
}

/** A kind that this program does not know cannot be held here, and so is not leased either. */
export function isLeased(kind: string): boolean {
  return kinds.get(kind)?.leased ?? false;
}

/** Who is to hold the handles of a message. */
export interface Destination {
  readonly isolate: string;
  readonly slot: number;
  /** Whether it is dead, of a holder whose death is known. */
  readonly gone?: boolean;
}

/** Leases every handle among `passages` to the destination; to be done before the message leaves. */
export function grantAll(passages: readonly Passage[], to: Destination): void {
  for (const passage of passages) {
    const { kind, target } = passage;
    if (!isLeased(kind)) continue;
    const number = numberFor(to.isolate, passage);
    if (isCell(target)) {
      if (isolate.exitOf(to.isolate) === undefined) {
        // A dead holder is looked up no more: it would be another, whose death nobody would tell.
        const holder = to.gone ? to as Holder : holders.get(to.isolate, to.slot);
        target.changeLease(kind, holder, 1, number);
      }
    } else {
      const { slot, secret } = target;
      const grant = { lease: kind, holderIsolate: to.isolate, holder: to.slot, number };
      isolate.post({ kind: "grant", to: target.isolate, from: isolate.id, slot, secret, ...grant });
    }
    passage.departed?.();
  }
}

/** The number by which a handle's shared memory calls its new holder; 0 where that memory does not travel along. */
function numberFor(to: IsolateId, { memory, number = 0 }: Passage): number {
  return memory !== undefined && sameProcess(to, isolate.id) ? number : 0;
}

/** Undoes `grantAll` for a message that nobody will read; only the destination's isolate may. */
export function releaseAll(passages: readonly Passage[], holder: Holder): void {
  for (const { kind, target } of passages) {
    if (isLeased(kind)) releaseLease(target, kind, holder);
  }
}

function releaseLease(target: Target, kind: string, holder: Holder): void {
  assertResident(holder);
  if (isCell(target)) return target.changeLease(kind, holder, -1);
  const { slot, secret } = addressOf(target);
  isolate.post({
    kind: "release",
    to: target.isolate,
    from: isolate.id,
    slot,
    secret,
    lease: kind,
    holder: holder.slot,
  });
}

/** A handle elsewhere is given back by the slot alone: another isolate's would be taken for this isolate's own. */
function assertResident(holder: Holder): void {
  if (holder.isolate !== isolate.id) throw new Error("Cannot give back a handle: its holder is of another isolate");
}
