import { BOOT_SLOT, MAIN_SLOT } from "../../channels/kernel/address.ts";
import { Cell, cells } from "../../channels/kernel/cell.ts";
import "../../channels/kernel/dispatch.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import type { Link } from "../../channels/kernel/link.ts";
import type { Request } from "../../channels/kernel/request.ts";
import { Actor } from "../actor.ts";
import { Contact } from "../contact.ts";
import { setMainActor } from "../context.ts";
import { findRegistration } from "../definition.ts";
import { ExitRequest } from "../exited.ts";
import { importGuarded } from "../start_guard.ts";
import { trapErrors } from "../trap.ts";
import type { BootConfig } from "./placement.ts";

/**
 * A new isolate from its first moment to its end, which is that of its main actor. It is also the cell at which the
 * parent starts that actor, and waits for how it ends.
 */
export class Boot extends Cell {
  readonly #config: BootConfig;
  readonly #link: Link;
  readonly #actor: Actor;
  readonly #exit: (code: number) => void;
  readonly #served: Promise<void>;
  #serve!: (imported: Promise<void>) => void;
  /** Asked at once by whoever starts an isolate, so that it is worth waiting for. */
  readonly #exitRequest = Promise.withResolvers<Request>();
  #resultRequest: Request | undefined;

  /** @param exit ends the isolate */
  constructor(config: BootConfig, link: Link, exit: (code: number) => void) {
    super();
    this.#config = config;
    this.#link = link;
    this.#exit = exit;
    this.#served = new Promise((resolve) => this.#serve = resolve);
    this.#served.catch(() => {});
    isolate.id = config.id;
    const { parent } = config;
    this.#actor = new Actor({
      ...config,
      parent: new Contact(parent.name, parent.placement, parent.actor, parent.keeper),
    }, MAIN_SLOT);
    setMainActor(this.#actor);
    trapErrors();
    cells.place(this, BOOT_SLOT, config.bootSecret);
    cells.place(this.#actor, MAIN_SLOT, config.actorSecret);
    void this.#actor.exited.then(() => this.#end());
    isolate.setParent(config.id, link, () => exit(1));
  }

  /** Imports the actor's module; the actor starts after that. */
  serve(importModule: () => Promise<unknown>): void {
    this.#serve(importGuarded(this.#config.moduleUrl, importModule).then(() => {}));
  }

  receive(request: Request): void {
    switch (request.verb) {
      case "start":
        this.#start(request).catch((error) => {
          // Who calls exit ends the isolate, and that says more.
          if (!(error instanceof ExitRequest)) request.throw(error);
        });
        return;
      case "exit":
        this.#exitRequest.resolve(request);
        return;
      case "result":
        this.#resultRequest = request;
        return;
      default:
        request.throw(new TypeError(`Cannot ask a new isolate: no such request as "${request.verb}"`));
    }
  }

  async #start(request: Request): Promise<void> {
    await this.#served;
    const { moduleUrl, definition } = this.#config;
    const registration = findRegistration(moduleUrl, definition);
    if (registration === undefined) {
      throw new Error(`${moduleUrl} did not register ${definition} when a child imported it`);
    }
    const { promise: told, resolve } = Promise.withResolvers<void>();
    await this.#actor.start(request.body, registration, told);
    request.reply();
    await this.#link.flush();
    resolve();
  }

  async #end(): Promise<void> {
    const exit = this.#actor.exit!;
    const exitRequest = await this.#exitRequest.promise;
    const request = this.#resultRequest;
    if (request !== undefined) {
      await this.#actor.result().then((value) => request.replyValue(value, "result"), (error) => request.throw(error));
    }
    exitRequest.reply(exit);
    await this.#link.flush();
    this.#exit(exit.code & 0xff);
  }
}
