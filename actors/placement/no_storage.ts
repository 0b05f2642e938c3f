/**
 * Takes away what Deno would keep on disk. A sandbox shares nothing there with the program, since Deno keeps storage by
 * location and it has one that nobody else has; but whatever it kept would stay on disk, and nobody would find it again.
 */
export function refuseStorage(): void {
  refuse(globalThis, "localStorage");
  refuse(globalThis, "caches");
  const { openKv } = Deno as unknown as { openKv?: (path?: string) => Promise<unknown> };
  if (openKv === undefined) return;
  const value = (path?: string) => path === undefined ? Promise.reject(refused("Deno.openKv()")) : openKv(path);
  Object.defineProperty(Deno, "openKv", { value });
}

function refuse(from: object, name: string): void {
  Object.defineProperty(from, name, {
    get: () => {
      throw refused(name);
    },
    configurable: true,
  });
}

/** As Deno says it where there is no storage. */
function refused(what: string): DOMException {
  return new DOMException(
    `Cannot use ${what}: a subprocess with fewer permissions than its parent has no storage`,
    "NotSupportedError",
  );
}
