import { ActorExitedError } from "../channels/errors.ts";
import { type Exit, PARENT_GONE } from "../channels/exit.ts";
import { decode } from "../channels/kernel/codec/decode.ts";
import { encodeThrown } from "../channels/kernel/codec/encode.ts";

/** The exit of an actor that an error ended; the error as it would arrive elsewhere, since an exit must be able to travel. */
export function failedBy(error: unknown, code = 1): Exit {
  return { code, reason: "error", error: decode(encodeThrown(error)) };
}

/** Thrown by `current().exit()` to leave the handler; never seen by anybody else. */
export class ExitRequest {
  constructor(readonly code: number) {}
}

/** An exit in a few words. */
export function describeExit(exit: Exit): string {
  return exit.signal === undefined ? `${exit.reason}, code ${exit.code}` : `${exit.reason} by ${exit.signal}`;
}

/** The error of whoever wanted something of an actor that is gone. */
export function actorExited(action: string, name: string, address: string, exit: Exit = PARENT_GONE): ActorExitedError {
  const error = exit.error === undefined ? undefined : { cause: exit.error };
  return new ActorExitedError(`Cannot ${action}: ${name} has ended (${describeExit(exit)})`, {
    ...error,
    exit,
    address,
  });
}
