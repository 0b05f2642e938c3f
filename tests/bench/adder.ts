import { actor, type SharedValue } from "../../mod.ts";
import { atATime } from "./harness.ts";

/** Adds ones to a number, from wherever it lives. */
export class Adder {
  readonly #value: SharedValue<"int32">;

  constructor(value: SharedValue<"int32">) {
    this.#value = value;
  }

  addSync(count: number): void {
    for (let i = 0; i < count; i++) this.#value.addSync(1);
  }

  async add(count: number, outstanding: number): Promise<void> {
    await atATime(outstanding, count, () => this.#value.add(1));
  }
}
actor(import.meta.url, Adder);
