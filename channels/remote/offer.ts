import type { Connection } from "../connection.ts";
import { ClosedError, DisconnectedError } from "../errors.ts";
import type { SocketAddress } from "../link/socket_address.ts";
import { connect, type ConnectOptions } from "./connect.ts";
import { listen, type Listener, type ListenOptions } from "./listener.ts";

/** What came from another program, and the connection that it lives by. */
export interface Obtained<H> {
  readonly handle: H;
  readonly connection: Connection<unknown>;
}

/**
 * Gives a handle to each program that connects, and has the key: so an object of this program serves others. It goes on
 * until the listener is closed; who was served by then stays.
 */
export async function offer(
  handle: unknown,
  address: SocketAddress | undefined,
  options: ListenOptions,
): Promise<Listener> {
  const listener = await listen(address, options);
  void (async () => {
    for await (const connection of listener) void serve(connection, handle);
  })();
  return listener;
}

/** What another program offers at an address; it says so at once, or does not offer anything. */
export async function obtain<H>(address: SocketAddress, options: ConnectOptions): Promise<Obtained<H>> {
  const connection = await connect<unknown, H>(address, options);
  try {
    const { signal, handshakeTimeoutMs: timeoutMs = 5000 } = options;
    return { handle: await connection.recv({ signal, timeoutMs }), connection };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** For as long as the other side has the connection. */
async function serve(connection: Connection<unknown>, handle: unknown): Promise<void> {
  try {
    await connection.send(handle);
    // It has nothing to say; what it wants it says to the handle.
    for await (const _ of connection);
  } catch (error) {
    // It has gone, or the actor here that served it has ended.
    if (!(error instanceof DisconnectedError || error instanceof ClosedError)) throw error;
  } finally {
    await connection.close();
  }
}
