/**
 * Trees of supervisors under schedules of chance. Whatever is done to them, every promise settles, nothing is left, and
 * no supervisor restarts a child more often than its budget allows.
 *
 * `TROUPE_SEED=17` begins with the one of that number.
 */

import { assert } from "@std/assert";
import { delay } from "@std/async";
import {
  type Child,
  child,
  type PlacementName,
  Queue,
  type Ref,
  type Strategy,
  supervise,
  type SuperviseOptions,
  type Supervisor,
  supervisor,
} from "../../mod.ts";
import { assertNothingLeft, leftovers } from "../../actors/testing.ts";
import { children } from "../machine.ts";
import { firstSeed, rounds } from "../soak.ts";
import { until } from "./actor_contract.ts";
import { Chaotic } from "./fixtures/chaotic.ts";

const SCHEDULES = rounds(30, 500);
const FIRST_SEED = firstSeed(1);
/** A schedule takes a tenth of a second, or some if it starts processes; one that hangs takes this long. */
const SCHEDULE_MS = 30_000;
const STRATEGIES: readonly Strategy[] = ["one-for-one", "one-for-all", "rest-for-one"];

/** Chance that can be had again (mulberry32). */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  upTo(n: number): number {
    return Math.floor(this.next() * n);
  }

  of<T>(items: readonly T[]): T {
    return items[this.upTo(items.length)];
  }

  is(probability: number): boolean {
    return this.next() < probability;
  }
}

/** A supervisor of the tree, and what is known to have happened under it. */
interface Node {
  readonly title: string;
  readonly strategy: Strategy;
  readonly maxRestarts: number;
  readonly supervisor: Supervisor;
  /** Its children that are no supervisors; also those that it no longer has. */
  readonly leaves: Map<string, Ref<typeof Chaotic>>;
  /** How often each child was restarted by hand. */
  readonly byHand: Map<string, number>;
  readonly above: boolean;
}

/** What a supervisor is made of. */
interface Grown {
  readonly children: Record<string, Child>;
  readonly options: SuperviseOptions;
  readonly leaves: Map<string, Ref<typeof Chaotic>>;
}

class Schedule {
  readonly chance: Chance;
  readonly nodes: Node[] = [];
  readonly pending = new Map<string, Promise<unknown>>();
  readonly orders = new Queue<"fail">();
  readonly done: string[] = [];
  settled = { answered: 0, rejected: 0 };
  restarts = 0;
  #asked = 0;
  #tracked = 0;

  constructor(seed: number) {
    this.chance = new Chance(seed);
  }

  async run(): Promise<void> {
    const { chance } = this;
    const grown = this.#grow(2, "root");
    const app = await supervise(grown.children, { ...grown.options, placement: this.#placement("inline") });
    this.#noted("root", app, grown, false);
    const audits = this.nodes.map((node) => this.#audit(node, app));
    const steps = 10 + chance.upTo(25);
    for (let step = 0; step < steps; step++) {
      this.#act();
      if (chance.is(0.5)) await delay(chance.is(0.8) ? 0 : chance.upTo(20));
    }
    this.#did(chance.is(0.5) ? "stop the root" : "kill the root");
    const end = this.done.at(-1) === "stop the root" ? app.stop() : app.kill();
    for (const { title, supervisor, leaves } of this.nodes) {
      this.#track(`exited of ${title}`, supervisor.exited);
      for (const [name, ref] of leaves) this.#track(`exited of ${title}/${name}, ${ref.placement}`, ref.exited);
    }
    this.#track("end", end.catch((error) => this.done.push(`but that failed: ${Deno.inspect(error)}`)));
    await Promise.all(this.pending.values());
    await Promise.all(audits);
  }

  /** What hangs, for whoever finds that something does. */
  get unsettled(): string[] {
    return [...this.pending.keys()];
  }

  #placement(usually: PlacementName): PlacementName {
    const roll = this.chance.next();
    return roll < 0.88 ? usually : roll < 0.96 ? "thread" : "process";
  }

  #leaf(): Child<Ref<typeof Chaotic>> {
    return child(Chaotic, [this.orders], {
      placement: this.#placement("inline"),
      restart: this.chance.of(["permanent", "permanent", "transient", "temporary"]),
      shutdownMs: this.chance.of([0, 50, 5000]),
    });
  }

  #grow(depth: number, title: string): Grown {
    const { chance } = this;
    const children: Record<string, Child> = {};
    const leaves = new Map<string, Ref<typeof Chaotic>>();
    for (let n = chance.upTo(3) + 1; n > 0; n--) {
      const leaf = this.#leaf();
      children[`leaf${n}`] = leaf;
      leaves.set(`leaf${n}`, leaf.ref);
      if (depth === 0 || !chance.is(0.5)) continue;
      const name = `super${n}`;
      const below = this.#grow(depth - 1, `${title}/${name}`);
      const nested = supervisor(below.children, {
        ...below.options,
        placement: this.#placement("inline"),
        restart: chance.of(["permanent", "transient"]),
      });
      children[name] = nested;
      this.#noted(`${title}/${name}`, nested.ref, below, true);
    }
    const options: SuperviseOptions = {
      strategy: chance.of(STRATEGIES),
      maxRestarts: chance.upTo(5),
      // No schedule lasts as long, so that all restarts of one life of a supervisor are within the window.
      withinMs: 600_000,
      backoff: chance.is(0.3) ? { minMs: 1 + chance.upTo(10), maxMs: 20 } : {},
    };
    return { children, options, leaves };
  }

  #noted(title: string, supervisor: Supervisor, { options, leaves }: Grown, above: boolean) {
    const { strategy, maxRestarts } = options as Required<SuperviseOptions>;
    this.nodes.push({ title, strategy, maxRestarts, supervisor, leaves, byHand: new Map(), above });
  }

  /** Counts the restarts of each life of a supervisor, and compares with its budget. */
  async #audit(node: Node, app: Supervisor): Promise<void> {
    do {
      const restarts = new Map<string, number>();
      for await (const { type, child } of node.supervisor.events) {
        if (type !== "restarted") continue;
        this.restarts++;
        restarts.set(child, (restarts.get(child) ?? 0) + 1);
      }
      const own = [...restarts].map(([name, count]) => count - (node.byHand.get(name) ?? 0));
      const most = node.strategy === "one-for-one"
        ? own.reduce((sum, n) => sum + Math.max(0, n), 0)
        : Math.max(0, ...own);
      assert(most <= node.maxRestarts, `${node.title} restarted ${most} times, more than ${node.maxRestarts}`);
    } while (node.above && app.alive && node.supervisor.alive);
  }

  #act(): void {
    const { chance } = this;
    const node = chance.of(this.nodes);
    const leaf = chance.of([...node.leaves.keys()]);
    const ref = node.leaves.get(leaf)!;
    const other = chance.of([...chance.of(this.nodes).leaves.values()]);
    const limits = { timeoutMs: chance.is(0.5) ? Infinity : 1000, retries: chance.upTo(4) };
    const { call } = ref.with(limits);
    const names = Object.keys(node.supervisor.refs);
    const name = chance.is(0.7) ? leaf : chance.of(names);
    const n = ++this.#asked;
    const actions: readonly [weight: number, what: string, act: () => PromiseLike<unknown> | void][] = [
      [8, "call", () => call.echo(n)],
      [4, "call later", () => call.echoLater(n)],
      [3, "ask another", () => call.ask(other, n)],
      [2, "stream", () => Array.fromAsync(call.steps(5))],
      [4, "cast", () => ref.cast.echo(n)],
      [5, "leave by a cast", () => ref.cast.leave(n % 3)],
      [2, "leave by a call", () => call.leave(n % 3)],
      [6, "kill", () => ref.kill()],
      [2, "stop a child", () => ref.stop({ graceMs: chance.of([0, 10, 5000]) })],
      [2, "order a failure", () => this.orders.put("fail")],
      [3, `restart ${name}`, () => {
        node.byHand.set(name, (node.byHand.get(name) ?? 0) + 1);
        return node.supervisor.restart(name);
      }],
      [1, `remove ${name}`, () => node.supervisor.remove(name)],
      [2, "add", () => {
        const added = this.#leaf();
        node.leaves.set(`added${n}`, added.ref);
        return node.supervisor.add(`added${n}`, added);
      }],
      [1, "kill a supervisor", () => node.above ? node.supervisor.kill() : undefined],
      [1, "stop a supervisor", () => node.above ? node.supervisor.stop() : undefined],
    ];
    let roll = chance.next() * actions.reduce((sum, [weight]) => sum + weight, 0);
    const [, what, act] = actions.find(([weight]) => (roll -= weight) < 0)!;
    this.#did(`${what} (${node.title}, ${leaf})`);
    const result = act();
    if (result !== undefined) this.#track(what, result);
  }

  #did(what: string): void {
    this.done.push(what);
  }

  #track(what: string, promise: PromiseLike<unknown>): void {
    const key = `${++this.#tracked}: ${what} of step ${this.done.length}`;
    const settled = (how: "answered" | "rejected") => {
      this.settled[how]++;
      this.pending.delete(key);
    };
    this.pending.set(key, Promise.resolve(promise).then(() => settled("answered"), () => settled("rejected")));
  }
}

Deno.test(`after any of ${SCHEDULES} schedules of chance every promise has settled, nothing is left, no budget is exceeded`, async () => {
  const total = { answered: 0, rejected: 0, restarts: 0 };
  const complain = console.error;
  console.error = () => {};
  try {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed++) {
      const schedule = new Schedule(seed);
      const timeout = Promise.withResolvers<never>();
      const timer = setTimeout(() => timeout.reject(new Error("It hangs")), SCHEDULE_MS);
      try {
        await Promise.race([schedule.run(), timeout.promise]);
        await until(() => leftovers().length === 0 && children().length === 0);
      } catch (error) {
        const unsettled = schedule.unsettled.join("; ") || "nothing";
        throw new Error(
          `Schedule ${seed} failed (unsettled: ${unsettled}; left: ${leftovers().join("; ")}) after ${
            schedule.done.join(", ")
          }`,
          { cause: error },
        );
      } finally {
        clearTimeout(timer);
      }
      total.answered += schedule.settled.answered;
      total.rejected += schedule.settled.rejected;
      total.restarts += schedule.restarts;
    }
  } finally {
    console.error = complain;
  }
  console.log(
    `${SCHEDULES} schedules: ${total.answered} answered, ${total.rejected} rejected, ${total.restarts} restarts`,
  );
  assertNothingLeft();
});
