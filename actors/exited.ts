import { ActorExitedError } from "../channels/errors.ts";
import { type Exit, exitFrom, PARENT_GONE } from "../channels/exit.ts";
import { decode } from "../channels/kernel/codec/decode.ts";
import { encodeThrown } from "../channels/kernel/codec/encode.ts";
import { oneLine } from "../channels/kernel/escape.ts";
import { brief } from "../channels/kernel/show.ts";

/** An error that is told of lies within at most so many exits, reports, events and causes. */
const ROOM = 32;

/** A thrown value as it would arrive elsewhere: a copy that can be looked at, and can travel in another value. */
export function asItArrives(thrown: unknown): unknown {
  return decode(encodeThrown(thrown, undefined, ROOM));
}

/** The exit of an actor that an error ended. */
export function failedBy(error: unknown, code = 1): Exit {
  return { code, reason: "error", error: asItArrives(error) };
}

/**
 * The exit that an answer from elsewhere says; undefined if it says none. It is without handles, and its error is no deeper
 * than those of this isolate: an exit is told to everybody, in messages and errors of their own.
 */
export function arrivedExit(value: unknown): Exit | undefined {
  const exit = exitFrom(value);
  return exit?.error === undefined ? exit : { ...exit, error: asItArrives(exit.error) };
}

/** Thrown by `current().exit()` to leave the handler; never seen by anybody else. */
export class ExitRequest {
  constructor(readonly code: number) {}
}

/** An exit in a few words. */
export function describeExit({ reason, code, signal, error }: Exit): string {
  if (signal !== undefined) return `${reason} by ${oneLine(signal)}`;
  if (reason !== "error" || error === undefined) return `${reason}, code ${code}`;
  return Error.isError(error) ? brief(error) : `threw ${brief(error)}`;
}

/** Why an actor did not start that ended before it was ready, by its exit if that is known. */
export function endedEarly(name: string, exit: Exit | undefined): unknown {
  return exit?.error ?? new Error(`${name} ended while it was starting${exit ? ` (${describeExit(exit)})` : ""}`);
}

/**
 * The error of whoever wanted something of an actor that is gone.
 *
 * @param when what else people are told of the end
 */
export function actorExited(
  action: string,
  name: string,
  address: string,
  exit: Exit = PARENT_GONE,
  when: string = "",
): ActorExitedError {
  const error = exit.error === undefined ? undefined : { cause: exit.error };
  return new ActorExitedError(`Cannot ${action}: ${name} has ended (${describeExit(exit)}${when})`, {
    ...error,
    exit,
    address,
  });
}
