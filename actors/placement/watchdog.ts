/**
 * Where the code is that ends this subprocess when its parent is gone, for a worker of its own, since a busy loop would
 * not notice. The URL holds the code itself: a subprocess that may read no file could not load it from one. It needs no
 * permission either, as anybody may signal themselves.
 */
export function watchdogUrl(): string {
  return `data:text/javascript,${encodeURIComponent(`(${watch})();`)}`;
}

/** Reads standard input, whose other end only the parent holds and the system closes, whatever the parent died of. */
function watch(): void {
  const buffer = new Uint8Array(256);
  while (Deno.stdin.readSync(buffer) !== null);
  Deno.kill(Deno.pid, "SIGKILL");
}
