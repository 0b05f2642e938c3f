import { readBytes } from "./socket_bytes.ts";

/** How long a caller may take to say who it is. */
const HELLO_MS = 5000;

/** Where programs of this machine call, each of which first says a few bytes about itself. */
export class Door {
  readonly #listener: Deno.Listener;
  readonly #helloBytes: number;
  /** Those who have connected and not said it all yet. */
  readonly #strangers = new Set<Deno.Conn>();

  /** @param arrived takes a caller in; one that it returns false for is turned away */
  constructor(listener: Deno.Listener, helloBytes: number, arrived: (hello: Uint8Array, socket: Deno.Conn) => boolean) {
    this.#listener = listener;
    this.#helloBytes = helloBytes;
    void this.#accept(arrived);
  }

  /** Ends it, for those who have not arrived. */
  close(): void {
    this.#listener.close();
    for (const stranger of this.#strangers) closeQuietly(stranger);
  }

  async #accept(arrived: (hello: Uint8Array, socket: Deno.Conn) => boolean): Promise<void> {
    try {
      for await (const socket of this.#listener) void this.#greet(socket, arrived);
    } catch {
      // Closed: nobody is awaited any more.
    }
  }

  async #greet(socket: Deno.Conn, arrived: (hello: Uint8Array, socket: Deno.Conn) => boolean): Promise<void> {
    const tooLate = setTimeout(() => closeQuietly(socket), HELLO_MS);
    this.#strangers.add(socket);
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
}

function closeQuietly(socket: Deno.Conn): void {
  try {
    socket.close();
  } catch {
    // It was closed already.
  }
}
