/**
 * The codec beside `@msgpack/msgpack` (with its encoder and decoder reused, which is its fastest way) and
 * `structuredClone`: there and back, for messages of several kinds.
 *
 * @module
 */

import { Decoder, Encoder } from "@msgpack/msgpack";
import { decode } from "../../channels/kernel/codec/decode.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import type { Alternative } from "./harness.ts";
import { suite } from "./suite.ts";

const OURS = "codec";
const THEIRS = "@msgpack/msgpack";

const messages: Record<string, unknown> = {
  "arguments of a call": [3],
  "a small call": { method: "add", args: [3] },
  "a medium message": {
    id: 12_345,
    name: "A customer, with a name of some length",
    email: "customer@example.com",
    active: true,
    balance: 1234.5,
    tags: ["new", "retail", "region-7"],
    address: { street: "Main Street 1", city: "Springfield", zip: "12345" },
  },
  "100 records": Array.from({ length: 100 }, (_, i) => ({
    id: i,
    name: `customer ${i}`,
    email: `customer.${i}@example.com`,
    active: i % 3 === 0,
    balance: i * 12.75,
    tags: ["new", "retail", `region-${i % 7}`],
  })),
  "64 KiB of bytes": crypto.getRandomValues(new Uint8Array(65_536)),
};

await suite(import.meta.main, async ({ compare }) => {
  const encoder = new Encoder();
  const decoder = new Decoder();
  for (const [name, value] of Object.entries(messages)) {
    const [ours, theirs] = [encode(value, "value"), encoder.encode(value)];
    await compare({
      title: `Codec, ${name}: both ways`,
      show: "time",
      batch: 100,
      alternatives: [
        looping(OURS, () => void decode(encode(value, "value"))),
        looping(THEIRS, () => void decoder.decode(encoder.encode(value))),
        looping("structuredClone", () => void structuredClone(value)),
      ],
    });
    await compare({
      title: `Codec, ${name}: encode`,
      unhurried: true,
      show: "time",
      batch: 100,
      alternatives: [
        looping(OURS, () => void encode(value, "value")),
        looping(THEIRS, () => void encoder.encode(value)),
      ],
    });
    await compare({
      title: `Codec, ${name}: decode`,
      unhurried: true,
      show: "time",
      batch: 100,
      alternatives: [
        looping(OURS, () => void decode(ours)),
        looping(THEIRS, () => void decoder.decode(theirs)),
      ],
    });
  }

  /** Without a promise for each. */
  function looping(name: string, once: () => void): Alternative {
    return {
      name,
      run(count) {
        for (let i = 0; i < count; i++) once();
        return Promise.resolve();
      },
    };
  }
});
