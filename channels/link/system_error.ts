import { DisconnectedError, TroupeError } from "../errors.ts";

const HUNG_UP = [
  Deno.errors.BrokenPipe,
  Deno.errors.ConnectionReset,
  Deno.errors.ConnectionAborted,
  Deno.errors.UnexpectedEof,
];

/** Says of an error of the system what failed by it, and where. It keeps its class, and is the new one's cause. */
export function explained(action: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof TroupeError || error instanceof DOMException) return error;
  const state = error.message.replace(/ \(os error \d+\)$/, "").replace(
    /^[A-Z](?=[a-z])/,
    (first) => first.toLowerCase(),
  );
  const SystemError = error.constructor as new (message: string, options: ErrorOptions) => Error;
  return new SystemError(`Cannot ${action}: ${state}`, { cause: error });
}

/** The same of a handshake: a side that breaks off in the middle has hung up, whichever way the system puts it. */
export function explainedHandshake(action: string, error: unknown): unknown {
  if (!HUNG_UP.some((HungUp) => error instanceof HungUp)) return explained(action, error);
  return new DisconnectedError(`Cannot ${action}: the other side hung up during the handshake`, { cause: error });
}
