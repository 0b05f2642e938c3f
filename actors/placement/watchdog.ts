import type { Invitation } from "./process_config.ts";

/**
 * Where the code is that ends this subprocess when its parent is gone, for a worker of its own, since a busy loop would
 * not notice. The URL holds the code itself: a subprocess that may read no file could not load it from one. It needs no
 * permission to end its own process.
 */
export function watchdogUrl(invitation: Invitation): string {
  const code = `(${watch})(${JSON.stringify(invitation)});`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/**
 * Waits for the end of a socket whose other end only the parent holds and the system closes, whatever the parent died of.
 * Posts a message once it has that socket, for which it needs the permissions that this process may be about to give up.
 */
async function watch({ meeting, watchToken }: Invitation): Promise<void> {
  try {
    const parent = await Deno.connect(meeting as Deno.ConnectOptions);
    const hello = new TextEncoder().encode(watchToken);
    for (let at = 0; at < hello.length;) at += await parent.write(hello.subarray(at));
    (self as unknown as { postMessage(message: string): void }).postMessage("watching");
    await parent.read(new Uint8Array(1));
  } catch {
    // It is gone already.
  }
  Deno.kill(Deno.pid, "SIGKILL");
}
