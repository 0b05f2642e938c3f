import type { Limits } from "../../channels/kernel/account.ts";
import type { Family } from "../../channels/link/siblings.ts";
import { readBytes } from "../../channels/link/socket_bytes.ts";
import type { BootConfig } from "./placement.ts";

/** How a subprocess reaches its parent: what `Deno.connect` takes. */
export type Meeting =
  | { readonly transport: "unix"; readonly path: string }
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number };

/** The environment variable with the invitation. Unlike arguments, other users of the machine cannot see it. */
export const INVITATION = "TROUPE_INVITATION";

/** What a subprocess is told at its start, as JSON: the rest it hears from its parent. */
export interface Invitation {
  readonly meeting: Meeting;
  /** What it shows to its parent, since others may connect too. */
  readonly token: string;
  /** What its parent shows to it: once that is dead, somebody else may listen in its place. */
  readonly answer: string;
  /** What its watchdog shows to its parent. */
  readonly watchToken: string;
}

/** What its parent tells a subprocess that has called. */
export interface ProcessConfig extends BootConfig {
  /** How it finds the other children of its parent; undefined if it talks to its parent alone. */
  readonly family: Family | undefined;
  /** Whether it may keep nothing on disk that Deno would keep for it. */
  readonly noStorage: boolean;
  /** How much others may keep for it; undefined if it has the rights of its parent. */
  readonly limits: Limits | undefined;
  /** What to give up before the actor's module is imported. */
  readonly revoke: readonly Deno.PermissionDescriptor[];
}

const LENGTH_BYTES = 4;

/** What a parent says before all else: the answer, and the configuration as JSON behind its length in four bytes. */
export function greetingOf(answer: string, config: ProcessConfig): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(config));
  const greeting = new Uint8Array(answer.length + LENGTH_BYTES + json.length);
  greeting.set(new TextEncoder().encode(answer));
  new DataView(greeting.buffer).setUint32(answer.length, json.length);
  greeting.set(json, answer.length + LENGTH_BYTES);
  return greeting;
}

/** Reads the parent's greeting; undefined if this is not the parent, or it is gone. */
export async function readGreeting(socket: Deno.Conn, answer: string): Promise<ProcessConfig | undefined> {
  try {
    const head = await readBytes(socket, answer.length + LENGTH_BYTES);
    if (head === undefined || new TextDecoder().decode(head.subarray(0, answer.length)) !== answer) return undefined;
    const json = await readBytes(socket, new DataView(head.buffer).getUint32(answer.length));
    return json && JSON.parse(new TextDecoder().decode(json)) as ProcessConfig;
  } catch {
    // It died with something unread.
    return undefined;
  }
}
