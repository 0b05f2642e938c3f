import { readBytes } from "./socket_bytes.ts";
import { isOfOneConnection } from "./system_error.ts";

/** How long a caller may take to say who it is. */
const HELLO_MS = 5000;
/** So many callers may be saying it. Ours have said it by the time that so many others have called. */
const MOST_STRANGERS = 256;
/** After an error the door waits so long before it takes the next caller. */
const ACCEPT_AGAIN_MS = 50;

/** Where programs of this machine call, each of which first says a few bytes about itself. Other users can call, too. */
export class Door {
  readonly #listener: Deno.Listener;
  readonly #helloBytes: number;
  /** The callers that have not said it all yet, in the order in which they came. */
  readonly #strangers = new Set<Deno.Conn>();
  #closed = false;

  /** @param arrived takes a caller in; one that it returns false for is turned away */
  constructor(listener: Deno.Listener, helloBytes: number, arrived: (hello: Uint8Array, socket: Deno.Conn) => boolean) {
    this.#listener = listener;
    this.#helloBytes = helloBytes;
    void this.#accept(arrived);
  }

  /** Ends it, for those who have not arrived. */
  close(): void {
    this.#closed = true;
    this.#listener.close();
    for (const stranger of this.#strangers) closeQuietly(stranger);
  }

  async #accept(arrived: (hello: Uint8Array, socket: Deno.Conn) => boolean): Promise<void> {
    while (!this.#closed) {
      try {
        const socket = await this.#listener.accept();
        void this.#greet(socket, arrived);
      } catch (error) {
        if (isOfOneConnection(error)) continue;
        // Closed; or the system has no sockets left.
        if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, ACCEPT_AGAIN_MS));
      }
    }
  }

  async #greet(socket: Deno.Conn, arrived: (hello: Uint8Array, socket: Deno.Conn) => boolean): Promise<void> {
    const tooLate = setTimeout(() => closeQuietly(socket), HELLO_MS);
    this.#strangers.add(socket);
    if (this.#strangers.size > MOST_STRANGERS) this.#turnAwayOldest();
    try {
      const hello = await readBytes(socket, this.#helloBytes);
      this.#strangers.delete(socket);
      if (hello === undefined || !arrived(hello, socket)) closeQuietly(socket);
    } catch {
      closeQuietly(socket);
    } finally {
      clearTimeout(tooLate);
      this.#strangers.delete(socket);
    }
  }

  #turnAwayOldest(): void {
    const [oldest] = this.#strangers;
    this.#strangers.delete(oldest);
    closeQuietly(oldest);
  }
}

function closeQuietly(socket: Deno.Conn): void {
  try {
    socket.close();
  } catch {
    // It was closed already.
  }
}
