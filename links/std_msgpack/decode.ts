import type { ValueMap, ValueType } from "./encode.ts";

/** The value of the bytes; integers of 64 bits become bigints, extension types are refused. */
export function decode(data: Uint8Array): ValueType {
  const reader = new Reader(data);
  const value = reader.value();
  if (reader.left > 0) throw new EvalError("Messagepack decode did not consume whole array");
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  value(): ValueType {
    const type = this.#view.getUint8(this.#skip(1));
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type & 0xf);
    if (type < 0xa0) return this.#array(type & 0xf);
    if (type < 0xc0) return this.#text(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return type === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#slice(this.#unsigned(1 << (type - 0xc4)));
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (type - 0xcc));
      case 0xcf:
        return this.#view.getBigUint64(this.#skip(8));
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd3:
        return this.#view.getBigInt64(this.#skip(8));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 << (type - 0xdc)));
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 << (type - 0xde)));
      default:
        throw new Error(`Cannot decode the type 0x${type.toString(16)}`);
    }
  }

  #unsigned(size: number): number {
    const at = this.#skip(size);
    return size === 1 ? this.#bytes[at] : size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #text(length: number): string {
    return new TextDecoder().decode(this.#slice(length));
  }

  #array(length: number): ValueType[] {
    const items: ValueType[] = [];
    while (items.length < length) items.push(this.value());
    return items;
  }

  #map(length: number): ValueMap {
    const map: ValueMap = {};
    for (let n = 0; n < length; n++) {
      const key = this.value();
      if (typeof key !== "string" && typeof key !== "number") {
        throw new EvalError("Cannot decode a key of a map: the type must be string or number");
      }
      // As a field of its own, whatever its name.
      Object.defineProperty(map, key, { value: this.value(), writable: true, enumerable: true, configurable: true });
    }
    return map;
  }

  #slice(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** The place of the next `size` bytes. */
  #skip(size: number): number {
    if (size > this.left) throw new EvalError("Messagepack decode reached end of array prematurely");
    const at = this.#at;
    this.#at += size;
    return at;
  }
}
