import type { Family } from "../../channels/link/siblings.ts";
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
  /** How it finds the other children of its parent; undefined if it may open no socket. */
  readonly family: Family | undefined;
  /** Where it is to have the folder in which its own subprocesses call it; undefined where its parent has none. */
  readonly appointed: string | undefined;
  /** What to give up before the actor's module is imported. */
  readonly revoke: readonly Deno.PermissionDescriptor[];
}
