/**
 * The first code of a subprocess, before that of its actor.
 *
 * @module
 */

import { invitation, watched } from "./invited.ts";
import { BoundedLink } from "../../channels/link/bounded_link.ts";
import { Siblings } from "../../channels/link/siblings.ts";
import { withoutDelay } from "../../channels/link/socket_address.ts";
import { writeBytes } from "../../channels/link/socket_bytes.ts";
import { OWN_PROCESS, SocketLink } from "../../channels/link/socket_link.ts";
import { Boot } from "./boot.ts";
import { leave } from "./leave.ts";
import { refuseStorage } from "./no_storage.ts";
import { type Invitation, readGreeting } from "./process_config.ts";

const socket = await callParent(invitation);
const config = await readGreeting(socket, invitation.answer) ?? giveUp();
// Before anybody can have heard of this process.
if (config.family !== undefined) Siblings.join(config.family, config.id);

// Deno's own returns, and ends the process a little later.
(globalThis as unknown as { close: () => void }).close = () => leave(0);
if (config.noStorage) refuseStorage();
if (config.revoke.length > 0) {
  await watched;
  for (const permission of config.revoke) Deno.permissions.revokeSync(permission);
}

/** How long the parent may take to hang up. */
const FAREWELL_MS = 1000;
// A process that ends with something unread breaks the connection, and the parent may lose what it had not read either:
// so the parent, once it has heard the exit, hangs up first, which ends this process at once.
const farewell = () => new Promise<void>((resolve) => setTimeout(resolve, FAREWELL_MS));
const link = config.limits === undefined
  ? new SocketLink(socket, OWN_PROCESS)
  : BoundedLink.toStarter(socket, config.limits);
const boot = new Boot(config, link, leave, farewell);

/** Resolves when the actor's module may be imported: here, at once. */
export const ready: Promise<void> = Promise.resolve();

/** Imports the actor's modules and starts what they define. */
export function serve(importing: readonly (() => Promise<unknown>)[]): void {
  void boot.serve(importing);
}

async function callParent({ meeting, token }: Invitation): Promise<Deno.Conn> {
  try {
    const socket = withoutDelay(await Deno.connect(meeting as Deno.ConnectOptions));
    await writeBytes(socket, new TextEncoder().encode(token));
    return socket;
  } catch (error) {
    if (isGone(error)) giveUp();
    throw error;
  }
}

/** Whether nobody listens there, or hung up. */
function isGone(error: unknown): boolean {
  const { ConnectionRefused, ConnectionReset, BrokenPipe } = Deno.errors;
  return [ConnectionRefused, ConnectionReset, BrokenPipe].some((Gone) => error instanceof Gone);
}

/** The parent is gone, and so nobody will hear what this process would be for. */
function giveUp(): never {
  Deno.exit(1);
}
