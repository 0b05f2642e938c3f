/**
 * Where the code is that ends this subprocess when its parent is gone, for a worker of its own, since a busy loop would
 * not notice. The URL holds the code itself: a subprocess that may read no file could not load it from one. It needs no
 * permission to end its own process.
 *
 * @param folder what its parent may have left behind
 */
export function watchdogUrl(folder: string | undefined): string {
  const code = `${removeFolder} (${watch})(${JSON.stringify(folder)});`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Reads standard input, whose other end only the parent holds and the system closes, whatever the parent died of. */
function watch(folder: string | undefined): void {
  const buffer = new Uint8Array(256);
  while (Deno.stdin.readSync(buffer) !== null);
  if (folder !== undefined) removeFolder(folder);
  Deno.kill(Deno.pid, "SIGKILL");
}

/**
 * Removes a folder of sockets and what is in it, as do others when their parent is gone: whoever finds something of it
 * gone already fails, and so tries again. It needs no other function, for the watchdog has none.
 */
export function removeFolder(path: string): void {
  const most = 10;
  for (let tries = 0; tries < most; tries++) {
    try {
      return Deno.removeSync(path, { recursive: true });
    } catch {
      // It got another entry, or lost one; or it is gone.
    }
  }
}
