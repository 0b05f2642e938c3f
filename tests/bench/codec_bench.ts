/**
 * The codec beside `@msgpack/msgpack` (with its encoder and decoder reused, which is its fastest way) and
 * `structuredClone`: there and back, for a small call and for a table of records.
 *
 * @module
 */

import { Decoder, Encoder } from "@msgpack/msgpack";
import { decode } from "../../channels/kernel/codec/decode.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";

const call = { method: "add", args: [3] };
const records = Array.from({ length: 100 }, (_, i) => ({
  id: i,
  name: `customer ${i}`,
  email: `customer.${i}@example.com`,
  active: i % 3 === 0,
  balance: i * 12.75,
  tags: ["new", "retail", `region-${i % 7}`],
}));
const blob = crypto.getRandomValues(new Uint8Array(65_536));

for (const [group, value] of Object.entries({ "small call": call, "100 records": records, "64 KiB bytes": blob })) {
  const encoder = new Encoder();
  const decoder = new Decoder();
  const bytes = encode(value, "value");
  const theirs = encoder.encode(value);

  Deno.bench(
    "codec, both ways",
    { group: `${group}, both ways`, baseline: true },
    () => void decode(encode(value, "value")),
  );
  Deno.bench("@msgpack/msgpack, both ways", { group: `${group}, both ways` }, () => {
    decoder.decode(encoder.encode(value));
  });
  Deno.bench("structuredClone", { group: `${group}, both ways` }, () => void structuredClone(value));
  Deno.bench("codec, encode", { group: `${group}, encode`, baseline: true }, () => void encode(value, "value"));
  Deno.bench("@msgpack/msgpack, encode", { group: `${group}, encode` }, () => void encoder.encode(value));
  Deno.bench("codec, decode", { group: `${group}, decode`, baseline: true }, () => void decode(bytes));
  Deno.bench("@msgpack/msgpack, decode", { group: `${group}, decode` }, () => void decoder.decode(theirs));
}
