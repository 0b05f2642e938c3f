import { BrokenBarrierError } from "../errors.ts";
import { Cell } from "../kernel/cell.ts";
import type { Holder } from "../kernel/holder.ts";
import { noSuchRequest, type Request } from "../kernel/request.ts";

/** The lease of one who may come to a barrier. */
export const BARRIER = "barrier";

/** The home of a barrier. */
export class BarrierCell extends Cell {
  readonly parties: number;
  readonly #action: (() => unknown) | undefined;
  #waiting: Request[] = [];
  #broken = false;
  /** Whether somebody who could have come is dead. */
  #lost = false;
  /** Whether the one who made it comes to it, who needs no lease: not once it gave it away and never came. */
  #makerComes: "perhaps" | "yes" | "no" = "perhaps";
  #passing = false;

  constructor(parties: number, action: (() => unknown) | undefined) {
    super();
    this.parties = parties;
    this.#action = action;
  }

  /** How it is, in words. */
  describe(): string {
    if (this.#broken) return ", broken";
    return this.#waiting.length === 0 ? "" : `, ${this.#waiting.length} waiting`;
  }

  receive(request: Request): void {
    switch (request.verb) {
      case "wait":
        return this.#wait(request);
      case "abort":
        this.#break();
        return request.reply();
      case "reset":
        this.#refuseAll();
        this.#broken = this.#lost = false;
        return request.reply();
      case "broken":
        return request.reply(this.#broken);
      case "waiting":
        return request.reply(this.#waiting.length);
      default:
        request.throw(noSuchRequest("a barrier", request.verb));
    }
  }

  /** The maker gave the barrier to somebody: it need not come itself. */
  passedOn(): void {
    if (this.#makerComes === "perhaps") this.#makerComes = "no";
  }

  override returned(kind: string, holder: Holder): void {
    if (kind !== BARRIER || !holder.gone) return;
    this.#lost = true;
    if (this.#waiting.length > 0 && this.#isHopeless) this.#break();
  }

  /** Whether those who are left are too few ever to meet. */
  get #isHopeless(): boolean {
    return this.#lost && this.holdersOf(BARRIER) + (this.#makerComes === "no" ? 0 : 1) < this.parties;
  }

  #wait(request: Request): void {
    if (request.from.resident && !this.isLeased(BARRIER, request.from)) this.#makerComes = "yes";
    if (this.#isHopeless) this.#break();
    if (this.#broken) return request.throw(brokenBarrier());
    this.#waiting.push(request);
    // An actor that gives up, or dies, breaks it for all: they would wait for one that will not come.
    request.onCancel = () => {
      this.#waiting = this.#waiting.filter((other) => other !== request);
      this.#break();
    };
    void this.#pass();
  }

  /** Lets rounds through that are complete, one after the other. */
  async #pass(): Promise<void> {
    if (this.#passing) return;
    this.#passing = true;
    while (this.#waiting.length >= this.parties) {
      const round = this.#waiting.splice(0, this.parties);
      for (const request of round) request.commit();
      try {
        if (this.#action !== undefined) await this.#action();
        for (const [index, request] of round.entries()) request.reply(index);
      } catch (error) {
        // As in Python the last one to come gets the action's own error.
        round.pop()!.throw(error);
        for (const request of round) request.throw(brokenBarrier());
        this.#break();
      }
    }
    this.#passing = false;
  }

  #break(): void {
    this.#broken = true;
    this.#refuseAll();
  }

  #refuseAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const request of waiting) request.throw(brokenBarrier());
  }
}

/** What those learn who wait at a barrier that will not open. */
export function brokenBarrier(): BrokenBarrierError {
  return new BrokenBarrierError("Cannot pass a barrier: it is broken, as somebody gave up, died, aborted or reset it");
}
