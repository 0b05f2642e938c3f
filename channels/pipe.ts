import type { Connection, Receiver, Sender } from "./connection.ts";
import { whoActs } from "./kernel/acting.ts";
import { checkOptions, type OptionNames } from "./kernel/options.ts";
import { brief } from "./kernel/show.ts";
import { END, PipeEndCell } from "./pipe_end_cell.ts";
import { makePipeEnd } from "./pipe_end.ts";

/** What `pipe` takes. */
export interface PipeOptions {
  /** Whether messages go both ways; true when left out. */
  readonly duplex?: boolean | undefined;
}

const PIPE_OPTIONS: OptionNames<PipeOptions> = { duplex: true };

/**
 * Makes a pipe: two connected ends, whose home is here. {@linkcode Connection} says how they behave. (Python's
 * `multiprocessing.Pipe`.)
 *
 * With `duplex: false` messages go one way only: the first end only reads and the second only writes, as in Python.
 *
 * @returns the two ends; what is sent on one is received on the other
 * @throws {TypeError} If `duplex` is no boolean, or another option is given.
 *
 * @example Talk both ways
 * ```ts
 * import { pipe } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const [here, there] = pipe<string, number>();
 * await here.send("how many?");
 * assertEquals(await there.recv(), "how many?");
 * await there.send(3);
 * assertEquals(await here.recv(), 3);
 * ```
 */
export function pipe<T>(options: { readonly duplex: false }): [Receiver<T>, Sender<T>];
/** Makes a pipe whose ends both send and receive. */
export function pipe<Out, In = Out>(options?: PipeOptions): [Connection<Out, In>, Connection<In, Out>];
export function pipe(options: PipeOptions = {}): [unknown, unknown] {
  const { duplex = true } = checkOptions("make a pipe", options, PIPE_OPTIONS);
  if (typeof duplex !== "boolean") {
    throw new TypeError(`Cannot make a pipe: duplex must be a boolean, not ${brief(duplex)}`);
  }
  const [first, second] = [new PipeEndCell(), new PipeEndCell()];
  first.peer = second;
  second.peer = first;
  const maker = whoActs.holder();
  for (const end of [first, second]) end.changeLease(END, maker, 1);
  return [
    makePipeEnd(first, { readable: true, writable: duplex }, maker),
    makePipeEnd(second, { readable: duplex, writable: true }, maker),
  ];
}
