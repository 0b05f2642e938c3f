import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { FROM_TEXT } from "./extension.ts";
import { refuseNames } from "./own_properties.ts";
import { malformed } from "./reader.ts";
import { instance } from "./refusal.ts";

/** How a class of the platform is written as text, and made of it again. */
interface TextForm {
  readonly prototype: object;
  write(object: object): string;
  read(text: string): object;
}

/** A duration is written as its ten units: its own text joins those below the minute to seconds with a fraction. */
const DURATION_UNITS = ["years", "months", "weeks", "days", "hours", "minutes", "seconds"].concat(
  ["milliseconds", "microseconds", "nanoseconds"],
) as (keyof Temporal.DurationLike)[];

/** Writes an object that is no more than its text. Returns false, having done nothing, where it is another. */
export function writeFromText(encoder: Encoder, object: object): boolean {
  const name = Object.prototype.toString.call(object).slice(8, -1);
  const form = formOf(name);
  if (form === undefined || Object.getPrototypeOf(object) !== form.prototype) return false;
  const text = instance(name, object, form.write);
  refuseNames(object, name);
  if (encoder.metAgain(object)) return true;
  const mark = encoder.writer.openExtension(FROM_TEXT);
  encoder.writer.string(name);
  encoder.writer.string(text);
  encoder.writer.closeExtension(mark);
  return true;
}

/** Reads the body of a `FROM_TEXT` extension. */
export function readFromText(decoder: Decoder): object {
  const name = decoder.string();
  const text = decoder.string();
  const form = formOf(name) ?? malformed("an object has a class that is not made of text");
  try {
    return decoder.remember(form.read(text));
  } catch (error) {
    return malformed(`the text of a ${name} is invalid`, error);
  }
}

function formOf(name: string): TextForm | undefined {
  switch (name) {
    case "URLSearchParams":
      return {
        prototype: URLSearchParams.prototype,
        write: (object) => URLSearchParams.prototype.toString.call(object),
        read: (text) => new URLSearchParams(text),
      };
    case "Temporal.Duration":
      return {
        prototype: Temporal.Duration.prototype,
        write: (object) => DURATION_UNITS.map((unit) => valueOf(object, unit)).join(" "),
        read: readDuration,
      };
    case "Temporal.Instant":
      return temporal(Temporal.Instant);
    case "Temporal.PlainDate":
      return temporal(Temporal.PlainDate);
    case "Temporal.PlainTime":
      return temporal(Temporal.PlainTime);
    case "Temporal.PlainDateTime":
      return temporal(Temporal.PlainDateTime);
    case "Temporal.PlainYearMonth":
      return temporal(Temporal.PlainYearMonth);
    case "Temporal.PlainMonthDay":
      return temporal(Temporal.PlainMonthDay);
    case "Temporal.ZonedDateTime":
      return temporal(Temporal.ZonedDateTime);
    default:
      return undefined;
  }
}

function temporal(Class: { readonly prototype: object; from(text: string): object }): TextForm {
  const write = (object: object) => Class.prototype.toString.call(object);
  return { prototype: Class.prototype, write, read: (text) => Class.from(text) };
}

/** A unit of a duration, past any property that would answer in its place. */
function valueOf(duration: object, unit: keyof Temporal.DurationLike): number {
  return Object.getOwnPropertyDescriptor(Temporal.Duration.prototype, unit)?.get?.call(duration);
}

function readDuration(text: string): Temporal.Duration {
  const units = text.split(" ").map(Number);
  if (units.length !== DURATION_UNITS.length) throw new RangeError(`A duration has ${units.length} units`);
  return new Temporal.Duration(...units);
}
