/**
 * Ends this subprocess when its parent is gone. Runs in a worker of its own, since a busy loop would not notice; reads
 * standard input, whose other end only the parent holds and the operating system closes, whatever the parent died of.
 *
 * It goes to that worker as its own source text, and so uses nothing from outside: loading a file would take a
 * permission to read that the actor need not have.
 */
export function watchdog(): void {
  const scope = globalThis as unknown as { onmessage: (event: MessageEvent<{ shell: string | undefined }>) => void };
  scope.onmessage = ({ data }) => {
    const buffer = new Uint8Array(256);
    while (Deno.stdin.readSync(buffer) !== null);
    if (data.shell === undefined) Deno.kill(Deno.pid, "SIGKILL");
    else new Deno.Command(data.shell, { args: ["-c", `kill -9 ${Deno.pid}`] }).outputSync();
  };
}
