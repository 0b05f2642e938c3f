/**
 * The first module of a new isolate, as a URL. Its imports are literal, so that they belong to the module graph and
 * loading them takes no permission of the new isolate's; all but the first are made only when the isolate is ready for
 * them.
 *
 * @param preload what to load first, long before
 */
export function stubUrl(bootUrl: string, imports: readonly string[], preload?: string): string {
  const importing = imports.map((url) => `() => import(${JSON.stringify(url)})`);
  const before = preload === undefined ? "" : `import ${JSON.stringify(preload)};\n`;
  const source = `${before}import * as boot from ${JSON.stringify(bootUrl)};
await boot.ready;
boot.serve([${importing.join(", ")}]);`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
