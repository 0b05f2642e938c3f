import type { Exit } from "../../channels/exit.ts";
import type { Actor } from "../actor.ts";
import type { Contact } from "../contact.ts";
import { noteRestarts } from "../inspection/restarts.ts";
import { findRegistration, type RegisteredName } from "../definition.ts";
import { planOf } from "../spawn_options.ts";
import { prepare } from "../start.ts";
import type { ChildSpec } from "./child.ts";
import type { RestartType } from "./restart_policy.ts";

/** One child of a supervisor through all its lives. */
export class SupervisedChild {
  readonly key: string;
  readonly restart: RestartType;
  readonly significant: boolean;
  /** How it ended last; undefined while it lives, and before its first life. */
  exit: Exit | undefined;
  readonly #spec: ChildSpec;
  readonly #shutdownMs: number;
  #lives = 0;
  #life: { readonly contact: Contact; readonly since: number } | undefined;

  constructor(key: string, spec: ChildSpec, defaultShutdownMs: number) {
    const { restart = "permanent", significant = false, shutdownMs = defaultShutdownMs } = spec.options;
    this.key = key;
    this.restart = restart;
    this.significant = significant;
    this.#spec = spec;
    this.#shutdownMs = shutdownMs;
  }

  /** Whether it lives. */
  get alive(): boolean {
    return this.#life !== undefined;
  }

  /** How long its present life has lasted. */
  get livedMs(): number {
    return this.#life === undefined ? 0 : performance.now() - this.#life.since;
  }

  /**
   * Starts a new life.
   *
   * @param ended told of its end, with how long it lived, unless it was stopped by `stop`
   */
  async start(parent: Actor, ended: (exit: Exit, livedMs: number) => void): Promise<void> {
    const { args, options, control } = this.#spec;
    const registration = await this.#registration();
    const base = {
      registration,
      name: options.name ?? registration.name,
      path: parent.plan.path,
      daemon: true,
      holder: parent.holder,
    };
    const prepared = prepare(planOf(`start "${this.key}"`, base, options), parent, options);
    noteRestarts(prepared.contact, this.#lives++);
    await prepared.launch(args);
    const life = { contact: prepared.contact, since: performance.now() };
    this.#life = life;
    this.exit = undefined;
    await control.up(prepared.contact);
    void prepared.contact.exited.then((exit) => {
      if (this.#life !== life) return;
      const { livedMs } = this;
      this.#life = undefined;
      this.exit = exit;
      void control.down(exit);
      ended(exit, livedMs);
    });
  }

  /** Ends its present life, and waits for that. */
  async stop(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    const exit = await life.contact.stop(this.#shutdownMs);
    this.exit = exit;
    await this.#spec.control.down(exit);
  }

  /** It will not come back by itself. */
  async over(): Promise<void> {
    await this.#spec.control.over(this.exit ?? { code: 0, reason: "stopped" });
  }

  /** What to run; where this isolate is to run it, its module is imported first. */
  async #registration(): Promise<RegisteredName> {
    const { kind, moduleUrl, definition: name, options } = this.#spec;
    if (options.placement === "inline" && findRegistration(moduleUrl, name) === undefined) await import(moduleUrl);
    return { kind, moduleUrl, name };
  }
}
