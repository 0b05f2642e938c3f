import { StartError } from "../../channels/errors.ts";
import type { Exit } from "../../channels/exit.ts";
import { brief } from "../../channels/kernel/show.ts";
import { MAX_DELAY_MS } from "../../channels/kernel/wheel.ts";
import type { Actor } from "../actor.ts";
import type { Contact } from "../contact.ts";
import { noteRestarts } from "../inspection/restarts.ts";
import { loadDefinition, type RegisteredName } from "../definition.ts";
import { failedBy } from "../exited.ts";
import { planOf } from "../spawn_options.ts";
import { prepare } from "../start.ts";
import type { ChildSpec } from "./child.ts";
import { type Companion, companionOf } from "./companions.ts";
import type { RestartType } from "./restart_policy.ts";

/** How long a child may take to stop, unless it says otherwise. */
const SHUTDOWN_MS = 5000;

/** One child of a supervisor through all its lives. */
export class SupervisedChild {
  readonly key: string;
  readonly restart: RestartType;
  readonly significant: boolean;
  /** How it ended last, or failed to start; undefined while it lives, and before its first life. */
  exit: Exit | undefined;
  /** Whether it has ended and is not to come back by itself. */
  isOver = false;
  /** How often it has been started again. */
  restarts = 0;
  /** How often it has failed without having lived long in between. */
  failures = 0;
  readonly #spec: ChildSpec;
  readonly #shutdownMs: number;
  #lives = 0;
  #life: { contact: Contact | undefined } | undefined;
  #wait: ReturnType<typeof setTimeout> | undefined;

  /** @param forgotten told when its supervisor forgets it */
  constructor(key: string, spec: ChildSpec, readonly forgotten?: () => void) {
    const { restart = "permanent", significant = false, shutdownMs = SHUTDOWN_MS } = spec.options;
    this.key = key;
    this.restart = restart;
    this.significant = significant;
    this.#spec = spec;
    this.#shutdownMs = shutdownMs;
  }

  /** Whether it lives, or is being started. */
  get alive(): boolean {
    return this.#life !== undefined;
  }

  /**
   * Starts a new life.
   *
   * @param started told when it lives, before its end can be told
   * @param ended told of its end, with how long it lived, unless it was stopped by `stop`
   * @throws {StartError} If it cannot start, or is stopped before it has.
   */
  async start(parent: Actor, started: () => void, ended: (exit: Exit, livedMs: number) => void): Promise<void> {
    const { args, options, control } = this.#spec;
    const action = `start ${brief(this.key)}`;
    const life: { contact: Contact | undefined } = this.#life = { contact: undefined };
    const assertWanted = () => {
      if (this.#life !== life) throw new StartError(`Cannot ${action}: it was stopped before it had started`);
    };
    this.isOver = false;
    this.exit = undefined;
    try {
      const registration = await this.#registration();
      assertWanted();
      const name = options.name ?? registration.name;
      const base = { registration, name, path: parent.plan.path, daemon: true, holder: parent.holder };
      const prepared = prepare(planOf(action, base, options), parent, options);
      life.contact = prepared.contact;
      noteRestarts(prepared.contact, this.#lives++);
      await prepared.launch(args);
    } catch (error) {
      if (this.#life === life) this.#life = undefined;
      this.exit ??= failedBy(error);
      throw error;
    }
    const { contact } = life;
    const since = performance.now();
    assertWanted();
    await control.up(contact);
    assertWanted();
    started();
    void contact.exited.then((exit) => {
      if (this.#life !== life) return;
      this.#life = undefined;
      this.exit = exit;
      void control.down(exit);
      ended(exit, performance.now() - since);
    });
  }

  /** Its present life, as one of those that are restarted together. */
  get companion(): Companion[] | undefined {
    const contact = this.#life?.contact;
    return contact && [companionOf(contact)];
  }

  /** It is to end, with these, before it is back: none of them is to wait for it. */
  part(companions: readonly Companion[]): Promise<void> {
    return this.#spec.control.part(companions);
  }

  /** Ends its present life, if any, and gives up waiting for the next. Resolves with how that life ended. */
  async stop(): Promise<Exit | undefined> {
    this.endWait();
    const life = this.#life;
    if (life === undefined) return undefined;
    this.#life = undefined;
    const { control } = this.#spec;
    await control.hold();
    if (life.contact === undefined) return undefined;
    const exit = this.exit = await life.contact.stop(this.#shutdownMs);
    await control.down(exit);
    return exit;
  }

  /** Waits with the next life, though not the whole program for that. */
  wait(ms: number, over: () => void): void {
    this.#wait = setTimeout(() => {
      this.#wait = undefined;
      over();
    }, Math.min(ms, MAX_DELAY_MS));
    Deno.unrefTimer(this.#wait);
  }

  /** Waits no longer; whether it did. */
  endWait(): boolean {
    const waits = this.#wait !== undefined;
    clearTimeout(this.#wait);
    this.#wait = undefined;
    return waits;
  }

  /** It will not come back by itself. */
  async over(): Promise<void> {
    this.isOver = true;
    await this.#spec.control.over(this.exit);
  }

  /** What to run; where this isolate is to run it, its module is imported first. */
  async #registration(): Promise<RegisteredName> {
    const { kind, moduleUrl, definition: name, options } = this.#spec;
    if (options.placement === "inline") await loadDefinition(moduleUrl, name);
    return { kind, moduleUrl, name };
  }
}
