import type { BootConfig } from "./placement.ts";

/** How a subprocess reaches its parent. */
export type Meeting = { readonly transport: "unix"; readonly path: string } | {
  readonly transport: "tcp";
  readonly port: number;
};

/** What a subprocess reads from its standard input, as one line of JSON. */
export interface ProcessConfig extends BootConfig {
  readonly meeting: Meeting;
  /** What it shows to its parent, since others may connect too. */
  readonly token: string;
  /** What to give up before the actor's module is imported. */
  readonly revoke: readonly Deno.PermissionDescriptor[];
  /** How the watchdog may end the process. */
  readonly watchdog: WatchdogConfig;
}

/** The watchdog's own permission; it runs nothing of the user's. */
export interface WatchdogConfig {
  /** Whether it must be given a permission that the process itself will not keep. */
  readonly ownPermission: boolean;
  /** The shell to end the process with, where only single commands may be run. */
  readonly shell: string | undefined;
}
