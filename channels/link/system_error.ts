import { DisconnectedError, TroupeError } from "../errors.ts";

const HUNG_UP = [
  Deno.errors.BrokenPipe,
  Deno.errors.ConnectionReset,
  Deno.errors.ConnectionAborted,
  Deno.errors.UnexpectedEof,
];

/** What the system says when only the connection is bad that was to be accepted: it was reset before. */
const OF_ONE_CONNECTION: ReadonlySet<unknown> = new Set(["ENOTCONN", "ECONNABORTED", "ECONNRESET", "EPROTO"]);

/** Whether an error of `accept` says nothing of the next connection. */
export function isOfOneConnection(error: unknown): boolean {
  return error instanceof Error && OF_ONE_CONNECTION.has((error as { readonly code?: unknown }).code);
}

/** Whether an error says that the program, or the system, has no files left. */
export function isOutOfFiles(error: unknown): boolean {
  return error instanceof Error && ["EMFILE", "ENFILE"].includes((error as { readonly code?: string }).code ?? "");
}

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
