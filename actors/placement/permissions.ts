import { fileURLToPath } from "node:url";
import { StartError } from "../../channels/errors.ts";
import { checkOptions } from "../../channels/kernel/options.ts";
import { brief } from "../../channels/kernel/show.ts";
import { type PermissionName, type PermissionOptions, PERMISSIONS } from "../isolate_options.ts";

/** The permissions of Deno, by name. */
export const PERMISSION_NAMES: readonly PermissionName[] = Object.keys(PERMISSIONS) as PermissionName[];

/** What a subprocess may do: all of a kind, or what is listed. */
export type Granted = Readonly<Record<PermissionName, true | readonly string[]>>;

/** What a descriptor calls the thing that a listed permission is about. */
const SUBJECT: Readonly<Record<PermissionName, string>> = {
  read: "path",
  write: "path",
  net: "host",
  env: "variable",
  run: "command",
  ffi: "path",
  sys: "kind",
  import: "host",
};

/**
 * Checks the option's kind and names.
 *
 * @throws {TypeError} If it is neither a word nor an object, or a permission is unknown.
 */
export function checkPermissions(action: string, options: PermissionOptions): void {
  if (options === "inherit" || options === "none") return;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(
      `Cannot ${action}: permissions must be "inherit", "none" or an object, not ${brief(options)}`,
    );
  }
  checkOptions(action, options, PERMISSIONS, "permissions");
}

/**
 * The permissions that a subprocess gets.
 *
 * @param options checked by `checkPermissions`
 * @throws {StartError} If more is asked for than this program has.
 * @throws {TypeError} If a list is malformed.
 */
export function resolvePermissions(action: string, options: PermissionOptions | undefined): Granted {
  const granted = {} as Record<PermissionName, true | readonly string[]>;
  for (const name of PERMISSION_NAMES) {
    const wanted = typeof options === "object" ? options[name] : options !== "none" && "inherit";
    granted[name] = resolveOne(action, name, wanted);
  }
  return granted;
}

function resolveOne(action: string, name: PermissionName, wanted: unknown): true | readonly string[] {
  if (wanted === false || wanted === undefined) return [];
  const full = holdsFully(name);
  if (wanted === "inherit") return full ? true : [];
  if (wanted === true) {
    if (full) return true;
    throw new StartError(`Cannot ${action}: it asks for all of "${name}", which this program does not have`);
  }
  if (!Array.isArray(wanted)) {
    throw new TypeError(
      `Cannot ${action}: permissions.${name} must be a boolean, "inherit" or a list, not ${brief(wanted)}`,
    );
  }
  return wanted.map((item: unknown) => {
    const subject = subjectOf(item);
    if (typeof subject !== "string" || subject === "" || subject.includes(",")) {
      throw new TypeError(
        `Cannot ${action}: permissions.${name} must list names without commas, not ${brief(item)}`,
      );
    }
    if (isHeld(action, name, subject)) return subject;
    throw new StartError(`Cannot ${action}: it asks for "${name}" of ${subject}, which this program does not have`);
  });
}

function isHeld(action: string, name: PermissionName, subject: string): boolean {
  try {
    return holds(name, subject);
  } catch (error) {
    throw new TypeError(`Cannot ${action}: permissions.${name} cannot list ${subject}: ${(error as Error).message}`);
  }
}

/** A URL stands for its file, or for its host. */
function subjectOf(item: unknown): unknown {
  if (!(item instanceof URL)) return item;
  return item.protocol === "file:" ? fileURLToPath(item) : item.host;
}

/**
 * Whether a subprocess with these permissions may have fewer than this program. Deno does not tell part of a permission
 * from none, so any that the subprocess does not get in full counts, unless this program is denied it altogether.
 */
export function isSandbox(granted: Granted): boolean {
  return PERMISSION_NAMES.some((name) => granted[name] !== true && !isDenied(name));
}

function isDenied(name: PermissionName): boolean {
  return Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state === "denied";
}

/** Whether this program has all of a permission; one that is denied in part counts as not had. */
export function holdsFully(name: PermissionName): boolean {
  return isGranted({ name } as Deno.PermissionDescriptor);
}

/** Whether this program has a permission for one listed thing, and all that is below it. */
export function holds(name: PermissionName, subject: string): boolean {
  return isGranted(describe(name, subject));
}

/** What to query or revoke for one listed thing. */
export function describe(name: PermissionName, subject: string): Deno.PermissionDescriptor {
  return { name, [SUBJECT[name]]: subject } as unknown as Deno.PermissionDescriptor;
}

function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  const { state, partial } = Deno.permissions.querySync(descriptor) as { state: string; partial?: boolean };
  return state === "granted" && !partial;
}
