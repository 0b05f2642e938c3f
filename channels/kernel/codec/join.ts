/** The first bytes of lists: of up to 15 items, of up to 65,535, of more. */
const FIX_ARRAY = 0x90;
const ARRAY_16 = 0xdc;
const ARRAY_32 = 0xdd;

/** Whether encoded lists can be joined to one: this is a list, and none of its items is another's, too. */
export function isPlainList(bytes: Uint8Array): boolean {
  return headerLength(bytes) > 0;
}

/** The items of encoded lists as one list of `count` in all. What is beside the bytes of each must be nothing. */
export function joinLists(lists: readonly Uint8Array[], count: number): Uint8Array<ArrayBuffer> {
  let length = 5;
  for (const list of lists) length += list.length;
  const joined = new Uint8Array(length);
  joined[0] = ARRAY_32;
  new DataView(joined.buffer).setUint32(1, count);
  let at = 5;
  for (const list of lists) {
    const items = list.subarray(headerLength(list));
    joined.set(items, at);
    at += items.length;
  }
  return joined.subarray(0, at);
}

function headerLength(bytes: Uint8Array): number {
  const first = bytes[0];
  if ((first & 0xf0) === FIX_ARRAY) return 1;
  return first === ARRAY_16 ? 3 : first === ARRAY_32 ? 5 : 0;
}
