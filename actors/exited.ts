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
export function describeExit({ reason, code, signal, error }: Exit): string {
  if (signal !== undefined) return `${reason} by ${signal}`;
  if (reason !== "error" || error === undefined) return `${reason}, code ${code}`;
  return (error instanceof Error ? `${error.name}: ${error.message}` : `threw ${Deno.inspect(error)}`).split(
    "\n",
    1,
  )[0];
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
