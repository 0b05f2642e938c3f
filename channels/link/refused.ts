import { MailboxFullError, NotSerializableError } from "../errors.ts";
import { DISCARD } from "../kernel/ask.ts";
import { deadLetters } from "../kernel/dead_letters.ts";
import type { Envelope, Item, Reply, Send } from "../kernel/envelope.ts";
import { packThrown } from "../kernel/pack.ts";
import { EMPTY_PACKET, packetWith } from "../kernel/packet.ts";

/** What is said in place of an envelope that is not passed on. */
export interface Instead {
  /** To the isolate that it came from, as if the one that it was for had said it. */
  readonly back: readonly Envelope[];
  /** To the isolate that it was for. */
  readonly on: Envelope | undefined;
}

/** The error of a message of more values than another program takes. */
export function tooManyValues(most: number): NotSerializableError {
  const problem = `it has more than the ${most} values that another program takes; bytes and typed arrays count as one`;
  return new NotSerializableError(`Cannot send message: ${problem}`, { path: "message", kind: "message" });
}

/** The error of a request for which there is no room. */
export function tooMuchAsked(): MailboxFullError {
  return new MailboxFullError("Cannot ask another program: it has too much to answer, or you have too much to read");
}

/** The error of an answer for which there is no room. */
export function tooMuchUnread(): MailboxFullError {
  return new MailboxFullError("Cannot answer: the program that asked has too many answers that it has not read");
}

/** Settles on both sides what is not passed on: whatever was asked is answered, and the handles in it are given back. */
export function insteadOf(envelope: Envelope, error: Error): Instead {
  switch (envelope.kind) {
    case "send":
      return insteadOfSend(envelope, error);
    case "reply":
      return { back: [], on: thrown(envelope, error) };
    case "item": {
      const { to: from, from: to, id } = envelope;
      // It stays where it is: another may be able to take it.
      return { back: [{ kind: "taken", to, from, id, kept: false, body: EMPTY_PACKET }], on: thrown(envelope, error) };
    }
    case "down":
      return { back: [], on: { ...envelope, exit: { ...envelope.exit, error: undefined } } };
    default:
      return { back: [], on: undefined };
  }
}

function insteadOfSend(send: Send, error: Error): Instead {
  const { to: from, from: to, slot, id, body } = send;
  const back: Envelope[] = [{ kind: "credit", to, from, slot, count: 1 }];
  if (id === 0) deadLetters.add(`${from}#${slot}`, send.detail || send.verb);
  else back.push({ kind: "reply", to, from, id, outcome: "thrown", body: packThrown(error, { isolate: to, slot: 0 }) });
  // The receiver has the leases of its handles, and only it can give them back.
  const on = body.passages.length > 0
    ? { ...send, id: 0, verb: DISCARD, detail: "", body: { ...body, bytes: EMPTY_PACKET.bytes } }
    : undefined;
  return { back, on };
}

/** An error in place of an answer. The receiver gives back the handles that came with it, since it names none of them. */
function thrown({ to, from, id, body: { passages } }: Reply | Item, error: Error): Reply {
  const body = { ...packThrown(error, { isolate: to, slot: 0 }), passages };
  return { kind: "reply", to, from, id, outcome: "thrown", body };
}

/** The same without its handles, where these alone are more than another program takes. */
export function withoutHandles(envelope: Envelope): Envelope {
  return "body" in envelope ? { ...envelope, body: packetWith(envelope.body, { passages: [] }) } : envelope;
}
