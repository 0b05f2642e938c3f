/**
 * Where the code is that ends this subprocess when its parent is gone, for a worker of its own, since a busy loop would
 * not notice. The URL holds the code itself: a subprocess that may read no file could not load it from one. It needs no
 * permission to end its own process.
 *
 * @param folder what its parent may have left behind
 */
export function watchdogUrl(folder: string | undefined): string {
  return `data:text/javascript,${encodeURIComponent(`(${watch})(${JSON.stringify(folder)});`)}`;
}

/** Reads standard input, whose other end only the parent holds and the system closes, whatever the parent died of. */
function watch(folder: string | undefined): void {
  const buffer = new Uint8Array(256);
  while (Deno.stdin.readSync(buffer) !== null);
  // More than once, as this process may be about to put its own socket there.
  for (let tries = 0; folder !== undefined && tries < 3; tries++) {
    try {
      Deno.removeSync(folder, { recursive: true });
    } catch {
      // It has just got another entry; or it is gone, for the parent itself removes it while it lives.
    }
  }
  Deno.kill(Deno.pid, "SIGKILL");
}
