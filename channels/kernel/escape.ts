/**
 * Texts that others wrote, for people to read: shortened, and without control characters, so that nobody writes lines of
 * their own into a log, or commands to a terminal.
 *
 * @module
 */

/** What ends a line, moves a cursor or turns the direction of writing; halves of characters, too. */
const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

/** Characters of a name. */
const MOST_IN_LINE = 200;
/** Characters and lines of a message. */
export const MOST_IN_TEXT = 2000;
const MOST_LINES = 30;
/** How far lines are set in that are no first ones. */
export const INDENT = "    ";

/** A text of others' that goes on one line, such as a name or an address. Ordinary ones stay as they are. */
export function oneLine(text: string): string {
  return escaped(cut(text, MOST_IN_LINE));
}

/** A text of several lines, of which all but the first are set in, as no line of a log is. */
export function onLines(text: string): string {
  return cut(text, MOST_IN_TEXT).split("\n", MOST_LINES).map(escaped).join(`\n${INDENT}`);
}

/** A text as it is written in code. */
export function quoted(text: string): string {
  return `"${escaped(text.replace(/["\\]/g, "\\$&"))}"`;
}

/** The beginning of a text that is too long. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(text: string): string {
  return text.replace(CONTROL, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return SHORT[character] ?? (code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`);
  });
}
