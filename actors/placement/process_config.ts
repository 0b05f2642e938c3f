import type { BootConfig } from "./placement.ts";

/** How a subprocess reaches its parent. */
export type Meeting =
  | { readonly transport: "unix"; readonly path: string; readonly folder: string }
  | { readonly transport: "tcp"; readonly port: number };

/** What a subprocess reads from its standard input, as one line of JSON. */
export interface ProcessConfig extends BootConfig {
  readonly meeting: Meeting;
  /** What it shows to its parent, since others may connect too. */
  readonly token: string;
  /** What to give up before the actor's module is imported. */
  readonly revoke: readonly Deno.PermissionDescriptor[];
}
