import { cpuUsage } from "node:process";

/** How many milliseconds this process computes for something, whatever else the machine does meanwhile. */
export async function cpuMs(what: () => void | Promise<void>): Promise<number> {
  const before = cpuUsage();
  await what();
  const { user, system } = cpuUsage(before);
  return (user + system) / 1000;
}

/** Garbage of others may be collected meanwhile. */
const SLACK_MS = 20;

/** How many times as much is computed for four times as many: 4 where each costs the same, 16 where each costs one for each. */
export async function growth(count: number, cost: (count: number) => number | Promise<number>): Promise<number> {
  const least = async (n: number) => Math.min(await cost(n), await cost(n));
  return await least(4 * count) / (await least(count) + SLACK_MS);
}
