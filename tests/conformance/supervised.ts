/** What the suites about supervision have in common. */

import { type Exit, type PlacementName, Queue, type Ref, type Supervisor, type SupervisorEvent } from "../../mod.ts";
import { oneTest, until, within } from "./actor_contract.ts";

/**
 * Where a supervisor lives, and where its children: each kind of boundary that may be between them and the test. (Not
 * threads of a thread: Deno takes a second to start one.)
 */
export const FAMILIES: readonly (readonly [supervisor: PlacementName, children: PlacementName])[] = [
  ["inline", "inline"],
  ["inline", "thread"],
  ["thread", "process"],
  ["process", "inline"],
];

/** What children tell, line by line, in the order in which they told it. */
export class Log extends Queue<string> {
  /** Takes all the lines that there are. */
  async lines(): Promise<string[]> {
    const lines: string[] = [];
    for (let line = await this.tryGet(); line !== undefined; line = await this.tryGet()) lines.push(line.value);
    return lines;
  }

  /** Takes lines until there was one such. */
  async until(last: string): Promise<string[]> {
    const lines = [];
    while (lines.at(-1) !== last) lines.push(await within(this.get()));
    return lines;
  }
}

/** What a supervisor tells, from now on. */
export class Watcher {
  readonly events: SupervisorEvent[] = [];
  /** Settles when the events have ended. */
  readonly ended: Promise<void>;

  constructor(app: Supervisor) {
    const events = app.events[Symbol.asyncIterator]();
    this.ended = (async () => {
      for (let next = await events.next(); !next.done; next = await events.next()) this.events.push(next.value);
    })();
  }

  /** The events in short. */
  get told(): string[] {
    return this.events.map(({ type, child }) => `${child} ${type}`);
  }

  /** How many events there were of this kind. */
  count(type: SupervisorEvent["type"], child?: string): number {
    return this.events.filter((event) => event.type === type && (child ?? event.child) === event.child).length;
  }

  /** How a child ended, each time. */
  exitsOf(child: string): Exit[] {
    return this.events.flatMap((event) => event.type === "exited" && event.child === child ? [event.exit] : []);
  }

  /** Waits for so many events of a kind. */
  async saw(type: SupervisorEvent["type"], child: string, times = 1): Promise<void> {
    await until(() => this.count(type, child) >= times);
  }
}

/** Registers a test for each kind of family. */
export function eachFamily(
  name: string,
  body: (supervisor: PlacementName, children: PlacementName) => Promise<void>,
): void {
  for (const [one, other] of FAMILIES) {
    oneTest(`${name} (${one} supervisor, ${other} children)`, () => body(one, other));
  }
}

/** The first number that a life gives: of a new one it is 1. */
export async function count(ref: Ref<{ count(): number }>): Promise<number> {
  return await within(ref.with({ retries: 1 }).call.count());
}
