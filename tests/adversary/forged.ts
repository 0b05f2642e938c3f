/** Envelopes written by hand, so that any field can be anything. */
import { addressOf } from "../../channels/kernel/cell.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import type { Envelope } from "../../channels/kernel/envelope.ts";
import type { Passage } from "../../channels/kernel/handle.ts";
import type { Chance } from "../chance.ts";
import type { HostileBytes } from "./hostile_bytes.ts";

const KINDS: readonly Envelope["kind"][] = [
  "send",
  "reply",
  "item",
  "taken",
  "cancel",
  "credit",
  "grant",
  "release",
  "down",
];

/** Where the exit is among the fields. */
export const EXIT_AT: Readonly<Record<"reply" | "down", number>> = { reply: 5, down: 4 };

/** The fields of an envelope in their order: the two of its route, its kind, its own, and the handles beside its body. */
export function fieldsOf(envelope: Envelope): unknown[] {
  const passages = "body" in envelope ? envelope.body.passages.map(passageForm) : [];
  return [envelope.to, envelope.from, KINDS.indexOf(envelope.kind), ...ownFields(envelope), passages];
}

/** An envelope with other bytes in place of one of its fields. */
export function withField(envelope: Envelope, at: number, bytes: readonly number[]): Uint8Array {
  const fields = fieldsOf(envelope).map((field, index) => index === at ? bytes : [...encode(field ?? null, "field")]);
  const body = "body" in envelope ? [...envelope.body.bytes] : [];
  return new Uint8Array([...fields.slice(0, 2).flat(), 0x90 | fields.length - 2, ...fields.slice(2).flat(), ...body]);
}

/** An envelope with one field that is anything. */
export function forged(envelope: Envelope, chance: Chance, values: HostileBytes): Uint8Array {
  return withField(envelope, chance.below(fieldsOf(envelope).length), values.value(2));
}

function ownFields(envelope: Envelope): unknown[] {
  switch (envelope.kind) {
    case "send": {
      const { slot, incarnation, secret, holder, id, verb, detail } = envelope;
      return [slot, incarnation, secret, holder, id, verb, detail, null];
    }
    case "reply":
      return [envelope.id, envelope.outcome, envelope.exit];
    case "item":
      return [envelope.id, envelope.tag];
    case "taken":
      return [envelope.id, envelope.kept];
    case "cancel":
      return [envelope.id];
    case "credit":
      return [envelope.slot, envelope.count];
    case "grant": {
      const { slot, secret, lease, holderIsolate, holder, number } = envelope;
      return [slot, secret, lease, holderIsolate, holder, number];
    }
    case "release":
      return [envelope.slot, envelope.secret, envelope.lease, envelope.holder];
    case "down":
      return [envelope.isolate, envelope.exit];
  }
}

function passageForm({ kind, meta, parts, number, target, also }: Passage): unknown[] {
  const form = (of: Passage["target"]) => {
    const { isolate, slot, incarnation, secret } = addressOf(of);
    return [isolate, slot, incarnation, secret];
  };
  return [kind, meta, parts ?? 0, -1, number ?? 0, ...form(target), ...(also === undefined ? [] : form(also))];
}
