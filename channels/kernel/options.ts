import { cut, quoted } from "./escape.ts";
import { brief } from "./show.ts";

/**
 * The names that the options of a call may have. It stands beside their interface; a list that misses a name does not
 * type-check, nor one that has a name too many.
 */
export type OptionNames<T> = { readonly [K in keyof T]-?: true };

/** A longer name resembles none, and may come from another program. */
const MOST_COMPARED = 64;

/**
 * Checks that options are an object in which every name is known. Only an object's own enumerable names count.
 *
 * @param within the name of the option that these options are the value of
 * @throws {TypeError} If they are no object, or a name is unknown: the message has the known name that is nearest to it.
 */
export function checkOptions<T extends object>(
  action: string,
  options: T,
  known: OptionNames<NoInfer<T>>,
  within?: string,
): T {
  if (typeof options !== "object" || options === null) {
    const isWhole = within === undefined;
    const what = options === null ? "null" : isWhole ? typeof options : brief(options);
    throw new TypeError(`Cannot ${action}: ${isWhole ? "the options" : within} must be an object, not ${what}`);
  }
  // Every call with options comes here: a loop over names that the engine keeps makes no garbage.
  for (const name in options) {
    if ((known as Record<string, unknown>)[name] !== true && Object.hasOwn(options, name)) {
      throw new TypeError(`Cannot ${action}: ${unknownName(name, Object.keys(known), within)}`);
    }
  }
  return options;
}

function unknownName(name: string, known: readonly string[], within: string | undefined): string {
  const path = within === undefined ? "" : `${within}.`;
  const compared = name.slice(0, MOST_COMPARED);
  const [nearest] = known.toSorted((a, b) => distance(compared, a) - distance(compared, b));
  const isNear = distance(compared, nearest) <= Math.max(compared.length, nearest.length) / 2;
  const instead = isNear ? `did you mean ${quoted(path + nearest)}?` : `known are ${known.join(", ")}`;
  return `there is no option ${quoted(path + cut(name, MOST_COMPARED))}; ${instead}`;
}

/** How many characters have to be added, removed or replaced to make one name of the other (Levenshtein's distance). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const isSame = a[i].toLowerCase() === b[j].toLowerCase();
      next.push(Math.min(row[j] + (isSame ? 0 : 1), row[j + 1] + 1, next[j] + 1));
    }
    row = next;
  }
  return row[b.length];
}
