import { isA } from "../channels/kernel/look.ts";
import type { OptionNames } from "../channels/kernel/options.ts";
import { currentActor } from "./context.ts";
import { ExitRequest } from "./exited.ts";
import { logFailed } from "./life_log.ts";

/** What `onExit` takes. */
export interface ExitHookOptions {
  /** Higher runs earlier; 0 when left out. */
  readonly priority?: number | undefined;
}

/** The names of `ExitHookOptions`. */
export const EXIT_HOOK_OPTIONS: OptionNames<ExitHookOptions> = { priority: true };

interface Hook {
  readonly run: () => unknown;
  readonly priority: number;
}

/** What runs at the end of one actor: by priority, and the last registered first among equals. */
export class ExitHooks {
  #hooks: Hook[] = [];

  /** How many have not run. */
  get size(): number {
    return this.#hooks.length;
  }

  /** Adds one; disposing takes it back. */
  add(run: () => unknown, priority: number): Disposable {
    const hook: Hook = { run, priority };
    this.#hooks.push(hook);
    return { [Symbol.dispose]: () => void (this.#hooks = this.#hooks.filter((other) => other !== hook)) };
  }

  /** Runs each once, one after another. What one throws is told and stops no other. */
  async run(): Promise<void> {
    for (let hook = this.#next(); hook !== undefined; hook = this.#next()) {
      try {
        await hook.run();
      } catch (error) {
        tell(error);
      }
    }
  }

  /** The same when there is no time to wait for promises. */
  runSync(): void {
    for (let hook = this.#next(); hook !== undefined; hook = this.#next()) {
      try {
        const result = hook.run();
        if (isA(result, Promise)) result.catch(tell);
      } catch (error) {
        tell(error);
      }
    }
  }

  #next(): Hook | undefined {
    let next: Hook | undefined;
    for (const hook of this.#hooks) if (next === undefined || hook.priority >= next.priority) next = hook;
    if (next !== undefined) this.#hooks = this.#hooks.filter((other) => other !== next);
    return next;
  }
}

function tell(error: unknown): void {
  if (isA(error, ExitRequest)) return;
  logFailed(`${currentActor().title}: a function given to onExit failed`, error);
}
