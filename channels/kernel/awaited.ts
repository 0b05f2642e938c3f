import type { OpenQuestion } from "./question.ts";

/** A place on a stack, as V8 describes it. */
interface CallSite {
  isAsync(): boolean;
  getFunctionName(): string | null;
  /** Which promise of `Promise.all` or `Promise.any` it is; null for functions. */
  getPromiseIndex(): number | null;
}

/** What V8 makes stacks by. */
const stacks = Error as unknown as {
  prepareStackTrace?: ((error: Error, sites: CallSite[]) => unknown) | undefined;
  stackTraceLimit: number;
};

/** What settles a promise. */
export interface Settler {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** One who waits for a promise, by the functions that settle it. */
export type Waiter = Settler;

/** Further up no waiting function is looked for. */
const DEEPEST = 1000;

const never = new Promise<never>(() => {});

/**
 * Whether an async function of this name is waiting for the answer to a question, directly or through others.
 *
 * That a promise was given out says nothing: nobody need wait for it. But V8 writes on the stack of a promise's reaction
 * which async functions will go on because of it. So a promise that never settles is made to lead, beside the answer, to
 * whoever waits for the answer, and the stack of its own reaction is read. Nothing is settled by that, and it costs
 * nothing until somebody asks. Where V8 should one day write less, the answer is no.
 *
 * Where one promise has several who wait for it V8 follows none; those of a call are kept apart for that.
 *
 * Waiting for any one of several (`Promise.any`) is no waiting for this one. For `Promise.race` the stack does not tell.
 */
export async function isAwaitedBy(name: string, { result, question }: OpenQuestion): Promise<boolean> {
  for (const waiter of question.waiters?.() ?? [result]) if (await goesOnBy(name, waiter)) return true;
  return false;
}

function goesOnBy(name: string, { resolve, reject }: Waiter): Promise<boolean> {
  return new Promise((decide) => {
    const beside = Promise.resolve().then(() => {
      decide(leadsTo(name, stackHere()));
      return never;
    });
    beside.then(resolve, reject);
  });
}

function leadsTo(name: string, sites: readonly CallSite[]): boolean {
  const any = sites.some((site) => site.getPromiseIndex() !== null && site.getFunctionName() === "any");
  return !any && sites.some((site) => site.isAsync() && site.getFunctionName() === name);
}

function stackHere(): readonly CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = stacks;
  stacks.stackTraceLimit = DEEPEST;
  stacks.prepareStackTrace = (_error, sites) => sites;
  try {
    return new Error().stack as unknown as CallSite[];
  } finally {
    stacks.stackTraceLimit = stackTraceLimit;
    stacks.prepareStackTrace = prepareStackTrace;
  }
}
