/** Times the part of a round that counts, where some does not; as `Deno.BenchContext` does. */

import process from "node:process";

/** Is told when the part that counts begins and ends. */
export interface Clock {
  start(): void;
  end(): void;
}

/** Adds up the parts. A round that never starts the clock counts whole. */
export class PartClock implements Clock {
  #us = 0;
  #cpuUs = 0;
  #wasUsed = false;
  #beganAt = performance.now();
  #cpu = process.cpuUsage();

  start(): void {
    this.#wasUsed = true;
    this.#beganAt = performance.now();
    this.#cpu = process.cpuUsage();
  }

  end(): void {
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#us += (performance.now() - this.#beganAt) * 1000;
    this.#cpuUs += user + system;
  }

  /** Microseconds that passed in the parts, and those of the processor. */
  read(): { readonly us: number; readonly cpuUs: number } {
    if (!this.#wasUsed) this.end();
    return { us: this.#us, cpuUs: this.#cpuUs };
  }
}
