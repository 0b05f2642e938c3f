import { decode as decodeWith, ExtensionCodec } from "@msgpack/msgpack";
import type { ValueType } from "./encode.ts";

const extensionCodec = new ExtensionCodec();
extensionCodec.decode = (_data, extType) => {
  throw new Error(`Cannot decode extension type ${extType}`);
};

/** The value of the bytes; integers of 64 bits become bigints, extension types are refused. */
export function decode(data: Uint8Array): ValueType {
  return decodeWith(data, { useBigInt64: true, extensionCodec }) as ValueType;
}
