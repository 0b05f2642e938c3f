import { outside } from "../../channels/kernel/acting.ts";
import { BOOT_SLOT, MAIN_SLOT } from "../../channels/kernel/address.ts";
import { Cell, cells } from "../../channels/kernel/cell.ts";
import "../../channels/kernel/dispatch.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import type { Link } from "../../channels/kernel/link.ts";
import { logger } from "../../channels/kernel/log.ts";
import { isA } from "../../channels/kernel/look.ts";
import { setRoot } from "../../channels/kernel/root.ts";
import { noSuchRequest, type Request } from "../../channels/kernel/request.ts";
import { Actor } from "../actor.ts";
import { Contact } from "../contact.ts";
import { setMainActor } from "../context.ts";
import { deadLetterPost } from "../dead_letters.ts";
import { findRegistration, type Registration } from "../definition.ts";
import { ExitRequest } from "../exited.ts";
import { importGuarded } from "../start_guard.ts";
import { trapErrors } from "../trap.ts";
import "./handle_kinds.ts";
import type { BootConfig } from "./placement.ts";
import { setProgramRun } from "./run_flags.ts";

/**
 * A new isolate from its first moment to its end, which is that of its main actor. It is also the cell at which the
 * parent starts that actor, and waits for how it ends.
 */
export class Boot extends Cell {
  readonly #config: BootConfig;
  readonly #actor: Actor;
  readonly #exit: (code: number) => void;
  readonly #served: Promise<void>;
  #serve!: (imported: Promise<void>) => void;
  /** Asked at once by whoever starts an isolate, so that it is worth waiting for. */
  readonly #exitRequest = Promise.withResolvers<Request>();

  readonly #mayLeave: () => Promise<void>;

  /**
   * @param exit ends the isolate
   * @param mayLeave resolves when ending it loses nothing that was sent
   */
  constructor(
    config: BootConfig,
    link: Link,
    exit: (code: number) => void,
    mayLeave: () => Promise<void> = () => Promise.resolve(),
  ) {
    super();
    this.#config = config;
    this.#exit = (code) => exit(code & 0xff);
    this.#mayLeave = mayLeave;
    this.#served = new Promise((resolve) => this.#serve = resolve);
    this.#served.catch(() => {});
    isolate.name(config.id);
    setRoot(config.root);
    logger.level = config.logLevel;
    setProgramRun(config.run);
    deadLetterPost.open();
    const { name, placement, actor, keeper, shownAddress } = config.parent;
    this.#actor = new Actor(config, new Contact(name, placement, actor, keeper, shownAddress), MAIN_SLOT);
    setMainActor(this.#actor);
    trapErrors();
    cells.place(this, BOOT_SLOT, config.bootSecret);
    cells.place(this.#actor, MAIN_SLOT, config.actorSecret);
    void this.#actor.exited.then(() => this.#end());
    isolate.setParent(link, () => this.#exit(this.#actor.exit?.code ?? 1));
  }

  /** Imports the actor's modules, one after another; the actor starts after that. Settles when they are imported. */
  serve(importing: readonly (() => Promise<unknown>)[]): Promise<void> {
    this.#serve(this.#import(importing));
    return this.#served;
  }

  receive(request: Request): void {
    switch (request.verb) {
      case "start":
        void this.#start(request);
        return;
      case "exit":
        this.#exitRequest.resolve(request);
        return;
      case "result":
        this.#actor.result(request);
        return;
      case "inspect":
        void this.#inspect(request);
        return;
      case "ping":
        return request.reply();
      default:
        request.throw(noSuchRequest("a new isolate", request.verb));
    }
  }

  async #inspect(request: Request): Promise<void> {
    const { partText } = await outside(() => import("../inspection/arrival.ts"));
    const { reportHere } = await outside(() => import("../inspection/collect.ts"));
    request.reply(partText(await reportHere(this.#actor, Number(request.detail))));
  }

  async #start(request: Request): Promise<void> {
    const told = Promise.withResolvers<void>();
    try {
      const registration = await this.#imported();
      await this.#actor.start(request.body, registration, told.promise);
    } catch (error) {
      // A call of exit ends the isolate, and that says more.
      if (isA(error, ExitRequest)) return;
      this.#actor.failToStart(error);
      return request.throw(error);
    }
    request.reply();
    await isolate.flush();
    told.resolve();
  }

  async #import(importing: readonly (() => Promise<unknown>)[]): Promise<void> {
    for (const [index, importModule] of importing.entries()) {
      await importGuarded(this.#config.imports[index], importModule);
    }
    // A rejection that a module's top level left to nobody is told before the next turn, and is a reason not to start.
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }

  async #imported(): Promise<Registration> {
    await this.#served;
    const { moduleUrl, definition } = this.#config;
    const registration = findRegistration(moduleUrl, definition);
    if (registration !== undefined) return registration;
    throw new Error(`${moduleUrl} did not register ${definition} when a child imported it`);
  }

  async #end(): Promise<void> {
    const exit = this.#actor.exit!;
    const exitRequest = await this.#exitRequest.promise;
    deadLetterPost.send();
    exitRequest.reply(exit);
    await isolate.flush();
    await this.#mayLeave();
    this.#exit(exit.code);
  }
}
