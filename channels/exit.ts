/** How an actor, a process or an isolate ended. It is plain data and travels like any other value. */
export interface Exit {
  /** 0 after a normal end, 1 after an uncaught error, `n & 0xFF` after `exit(n)`, `-N` when signal N ended it. */
  readonly code: number;
  /** The signal that ended it, such as `"SIGKILL"`; left out when none did. */
  readonly signal?: string;
  /**
   * Why it ended: it was done, was asked to stop, was killed, failed, ran out of the memory it was given, outlived its
   * parent, or no longer showed signs of life.
   */
  readonly reason: "normal" | "stopped" | "killed" | "error" | "out-of-memory" | "parent-gone" | "unresponsive";
  /** What it failed with, when an error ended it. */
  readonly error?: unknown;
  /** Set when its `onError` decided to `"escalate"`: its supervisor, if it has one, fails with it. */
  readonly escalated?: true;
}

/** The exit of what ended because its parent did. */
export const PARENT_GONE: Exit = { code: -9, signal: "SIGKILL", reason: "parent-gone" };

const REASONS: Readonly<Record<Exit["reason"], true>> = {
  "normal": true,
  "stopped": true,
  "killed": true,
  "error": true,
  "out-of-memory": true,
  "parent-gone": true,
  "unresponsive": true,
};

/** The exit that a value from elsewhere says, and nothing beside it; undefined if it says none. */
export function exitFrom(value: unknown): Exit | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { code, signal, reason, error, escalated } = value as Partial<Exit>;
  if (!Number.isSafeInteger(code) || typeof reason !== "string" || !Object.hasOwn(REASONS, reason)) return undefined;
  if (signal !== undefined && typeof signal !== "string") return undefined;
  if (escalated !== undefined && escalated !== true) return undefined;
  return {
    code: code!,
    ...(signal === undefined ? undefined : { signal }),
    reason,
    ...("error" in value ? { error } : undefined),
    ...(escalated && { escalated }),
  };
}
