import { singleton } from "../../channels/kernel/singleton.ts";

/** The properties of a location. */
const PARTS = ["href", "origin", "protocol", "host", "hostname", "port", "pathname", "search", "hash"] as const;

const state: { href: string | undefined } = singleton("location", () => ({
  href: (globalThis as { location?: { href: string } }).location?.href,
}));

/** The location of this process: undefined when it was given none, as by `--location`. */
export function processLocation(): string | undefined {
  return state.href;
}

/** Gives a thread the location of its process: Deno gives it the URL of its first module, which is none of the user's. */
export function setLocation(href: string | undefined): void {
  state.href = href;
  const none = href === undefined;
  const value = none ? undefined : locationOf(new URL(href));
  Object.defineProperty(globalThis, "location", { value, writable: none, enumerable: !none, configurable: true });
}

function locationOf(url: URL): object {
  const parts = PARTS.map((name) => [name, { value: url[name], enumerable: true }] as const);
  const { prototype } = (globalThis as unknown as { WorkerLocation: { prototype: object } }).WorkerLocation;
  return Object.create(prototype, { ...Object.fromEntries(parts), toString: { value: () => url.href } });
}
