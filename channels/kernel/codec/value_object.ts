import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { LINK, REGEXP } from "./extension.ts";
import { refuseNames } from "./own_properties.ts";
import { malformed } from "./reader.ts";
import { instance, Refusal } from "./refusal.ts";
import { writeTimestamp } from "./timestamp.ts";

export function writeDate(encoder: Encoder, date: Date): void {
  const timeMs = instance("Date", date, timeOf);
  refuseNames(date, "Date");
  if (!encoder.metAgain(date)) writeTimestamp(encoder.writer, timeMs);
}

export function writePattern(encoder: Encoder, pattern: RegExp): void {
  const source = instance("RegExp", pattern, sourceOf);
  refuseNames(pattern, "RegExp");
  const { lastIndex } = pattern;
  if (typeof lastIndex !== "number") throw new Refusal("RegExp", "a RegExp whose lastIndex is no number cannot travel");
  if (encoder.metAgain(pattern)) return;
  const mark = encoder.writer.openExtension(REGEXP);
  encoder.writer.string(source);
  encoder.writer.string(pattern.flags);
  if (!Object.is(lastIndex, 0)) encoder.writer.number(lastIndex);
  encoder.writer.closeExtension(mark);
}

export function writeUrl(encoder: Encoder, url: URL): void {
  const href = instance("URL", url, hrefOf);
  refuseNames(url, "URL");
  if (encoder.metAgain(url)) return;
  const mark = encoder.writer.openExtension(LINK);
  encoder.writer.string(href);
  encoder.writer.closeExtension(mark);
}

/** Reads the body of a `REGEXP` extension. */
export function readPattern(decoder: Decoder): RegExp {
  const source = decoder.string();
  const flags = decoder.string();
  const lastIndex = decoder.reader.remaining === 0 ? 0 : decoder.integer();
  let pattern: RegExp;
  try {
    pattern = new RegExp(source, flags);
  } catch (error) {
    return malformed("a regular expression is invalid", error);
  }
  pattern.lastIndex = lastIndex;
  return decoder.remember(pattern);
}

/** Reads the body of a `LINK` extension. */
export function readUrl(decoder: Decoder): URL {
  return decoder.remember(URL.parse(decoder.string()) ?? malformed("a URL is invalid"));
}

// The internals of an instance, past any property or subclass that would answer in their place.

function timeOf(date: Date): number {
  return Date.prototype.getTime.call(date);
}

const sourceGetter = Object.getOwnPropertyDescriptor(RegExp.prototype, "source")?.get as () => string;

function sourceOf(pattern: RegExp): string {
  return sourceGetter.call(pattern);
}

const hrefGetter = Object.getOwnPropertyDescriptor(URL.prototype, "href")?.get as () => string;

function hrefOf(url: URL): string {
  return hrefGetter.call(url);
}
