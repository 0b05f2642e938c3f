/**
 * The first module of a new isolate, as a URL. Its imports are literal, so that they belong to the module graph and
 * loading them takes no permission of the new isolate's; the second one is made only when the isolate is ready for it.
 */
export function stubUrl(bootUrl: string, moduleUrl: string): string {
  const source = `import * as boot from ${JSON.stringify(bootUrl)};
await boot.ready;
boot.serve(() => import(${JSON.stringify(moduleUrl)}));`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
