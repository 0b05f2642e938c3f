/**
 * Where things are. An isolate's id is its path from the program's root, so that routes, subtrees, process boundaries
 * and rights can be read off it: `f00d` is a root, `f00d.1` its first thread, `f00d.1/2` a subprocess of that thread,
 * `f00d.1!3` a sandbox, that is a subprocess with fewer permissions than the thread, and `f00d.1@4` another program, as
 * seen from here: it hangs on the isolate that has the connection to it.
 *
 * @module
 */

/** The path of an isolate from the root of this program. A `Boundary` begins each step of it. */
export type IsolateId = string;

/** The character that enters an isolate of each kind. */
export const BOUNDARIES = { thread: ".", process: "/", sandbox: "!", connection: "@" } as const;

/** A kind of isolate below another one. */
export type Boundary = keyof typeof BOUNDARIES;

/** What names a cell to other isolates. A holder may use the cell; nobody can guess an address. */
export interface Address {
  readonly isolate: IsolateId;
  readonly slot: number;
  /** Which life of the slot is meant; 0 is whichever lives now. */
  readonly incarnation: number;
  /** 128 random bits, checked where the cell lives. */
  readonly secret: string;
}

/** The slot of the cell that starts a new isolate's main actor. */
export const BOOT_SLOT = 0;
/** The slot of an isolate's main actor: the program's own, or the one that the isolate was started for. */
export const MAIN_SLOT = 1;

/** How many characters a secret has. */
export const SECRET_LENGTH = 32;

/** A fresh 128-bit secret. */
export function makeSecret(): string {
  return hex(crypto.getRandomValues(new Uint8Array(SECRET_LENGTH / 2)));
}

/** A fresh id for the root of a program. */
export function makeRootId(): IsolateId {
  return hex(crypto.getRandomValues(new Uint8Array(8)));
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** No isolate has a longer name; to find those above one takes the square of its length. */
export const LONGEST_NAME: number = 16 + 32 * 16;

/** Whether an isolate of this program, or of one that it is connected to, can be called so. */
export function isWellFormed(id: IsolateId): boolean {
  return /^[0-9a-f]{1,16}(?:[./!@](?:[0-9]{1,15}|probe)){0,32}$/.test(id);
}

/** Whether `id` is `ancestor` or below it. */
export function isWithin(id: IsolateId, ancestor: IsolateId): boolean {
  if (id === ancestor) return true;
  if (!id.startsWith(ancestor)) return false;
  return isBoundary(id[ancestor.length]);
}

function isBoundary(character: string): boolean {
  return character === "." || character === "/" || character === "!" || character === "@";
}

/** Where the last step of a path begins; -1 for a root. */
function lastBoundary(id: IsolateId): number {
  return Math.max(id.lastIndexOf("."), lastProcess(id));
}

/** Where the last step into another operating-system process begins. */
function lastProcess(id: IsolateId): number {
  return Math.max(id.lastIndexOf("/"), id.lastIndexOf("!"), id.lastIndexOf("@"));
}

/** The isolate that started `id`, or has the connection to it; the empty string for a root. */
export function parentOf(id: IsolateId): IsolateId {
  return id.slice(0, Math.max(0, lastBoundary(id)));
}

/** The root of the program that `id` belongs to, as that program names it. */
export function rootOf(id: IsolateId): IsolateId {
  const end = id.search(/[./!@]/);
  return end < 0 ? id : id.slice(0, end);
}

/** The root of the program that `id` belongs to, as this program names it: below the connection to it, if it is another. */
export function programOf(id: IsolateId): IsolateId {
  const connection = id.lastIndexOf("@");
  return connection < 0 ? rootOf(id) : childTowards(id, id.slice(0, connection));
}

/** The direct child of `ancestor` on the way to `id`, which must be below it. */
export function childTowards(id: IsolateId, ancestor: IsolateId): IsolateId {
  let end = ancestor.length + 1;
  while (end < id.length && !isBoundary(id[end])) end++;
  return id.slice(0, end);
}

/** Whether an isolate is another program's, as seen from this one. */
export function isForeign(id: IsolateId): boolean {
  return id.includes("@");
}

/**
 * The stranger that an isolate belongs to, as seen from the isolate `here`: the topmost isolate on its path that may have
 * fewer rights, which is a sandbox or another program; undefined if there is none. Nobody can claim to be elsewhere, since
 * a link carries only names that are within its end.
 */
export function strangerOf(id: IsolateId, here: IsolateId): IsolateId | undefined {
  let shared = here;
  while (shared !== "" && !isWithin(id, shared)) shared = parentOf(shared);
  if (shared === "") return rootOf(id);
  const entry = id.slice(shared.length).search(/[!@]/);
  return entry < 0 ? undefined : childTowards(id, id.slice(0, shared.length + entry));
}

/** Whether an isolate may have fewer rights than the isolate `here`. */
export function hasFewerRights(id: IsolateId, here: IsolateId): boolean {
  return strangerOf(id, here) !== undefined;
}

/** Whether two isolates share one operating-system process, and so can move objects to each other. */
export function sameProcess(a: IsolateId, b: IsolateId): boolean {
  return processOf(a) === processOf(b);
}

/** Whether an isolate is the first of its operating-system process, from which all others of it were started. */
export function isFirst(id: IsolateId): boolean {
  return processOf(id) === id;
}

/** Through which isolate of its own process `here` reaches `id`: that one itself, if it is of this process. */
export function gateTo(id: IsolateId, here: IsolateId): IsolateId {
  const first = processOf(here);
  if (!isWithin(id, first)) return first;
  let end = first.length;
  while (id[end] === ".") {
    end++;
    while (end < id.length && !isBoundary(id[end])) end++;
  }
  return id.slice(0, end);
}

function processOf(id: IsolateId): IsolateId {
  const firstThread = id.indexOf(".", lastProcess(id) + 1);
  return firstThread < 0 ? id : id.slice(0, firstThread);
}

/** An address as people read it: where, and which slot; never the secret. */
export function showAddress(address: Address): string {
  return `${address.isolate}#${address.slot}`;
}
