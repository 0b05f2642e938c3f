import { RemoteError } from "../../errors.ts";
import { brief } from "../show.ts";
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { type ErrorClass, errorClass, registeredName } from "./error_classes.ts";
import { keepPromises } from "./error_promises.ts";
import { ERROR } from "./extension.ts";
import { malformed } from "./reader.ts";
import { passing, property, Refusal } from "./refusal.ts";
import type { Writer } from "./writer.ts";

/** Fields that travel although they are not enumerable. */
const HIDDEN: readonly string[] = ["name", "cause", "errors", "error", "suppressed"];

/** Writes an error: what class it has, what every error has, then its own fields. */
export function writeError(encoder: Encoder, error: Error, depth: number): void {
  if (encoder.metAgain(error)) return;
  encoder.descend(depth);
  const mark = encoder.writer.openExtension(ERROR);
  writePlainError(encoder.writer, error);
  const fields = fieldsOf(error);
  for (let i = 0; i < fields.length; i++) writeField(encoder, error, fields[i], depth + 1);
  encoder.writer.closeExtension(mark);
}

function writePlainError(writer: Writer, error: Error): void {
  const known = registeredName(Object.getPrototypeOf(error));
  if (known === undefined) writer.nil();
  else writer.string(known);
  writer.string(nameOf(error));
  writer.string(messageOf(error));
  // The runtime makes the stack when it is first asked for, out of the name and the message, whatever these are.
  if (hasText(error, "name") && hasText(error, "message") && hasText(error, "stack")) writer.string(error.stack!);
  else writer.nil();
}

/** The keys of the fields to write: first those that are not enumerable, then `null`, then those that are. */
function fieldsOf(error: Error): (string | null)[] {
  const hidden = HIDDEN.filter((key) => Object.getOwnPropertyDescriptor(error, key)?.enumerable === false);
  return [...hidden, null, ...Object.keys(error).filter((key) => key !== "message" && key !== "stack")]
    .filter((key) => key !== "name" || hasText(error, key));
}

function writeField(encoder: Encoder, error: Error, key: string | null, depth: number): void {
  if (key === null) return encoder.writer.nil();
  const { offset } = encoder.writer;
  const { met } = encoder;
  try {
    encoder.writer.string(key);
    const value = (error as unknown as Record<string, unknown>)[key];
    if (encoder.lenient && key === "errors" && Array.isArray(value)) encoder.replacing(value, depth, itemRefused);
    else encoder.value(value, depth);
  } catch (thrown) {
    encoder.undo(passing(thrown, property(key)), offset, met);
  }
}

function itemRefused(thrown: unknown, index: number): Error {
  const refusal = thrown instanceof Refusal ? thrown : new Refusal("unreadable value");
  return refusal.error(`errors[${index}]`);
}

/** What the error is called, for a side that does not know its class. */
function nameOf(error: Error): string {
  try {
    let holder: object | null = error;
    while (holder !== null && !Object.hasOwn(holder, "name")) holder = Object.getPrototypeOf(holder);
    // A subclass without a name of its own inherits that of a built-in class: then the class's name says more.
    const inherited = registeredName(holder) !== undefined && !(error instanceof DOMException);
    const name: unknown = inherited && error.constructor.name || error.name;
    return typeof name === "string" ? name : "Error";
  } catch {
    return "Error";
  }
}

function hasText(error: Error, key: "name" | "message" | "stack"): boolean {
  try {
    return typeof error[key] === "string";
  } catch {
    return false;
  }
}

/** The message of an error; one that is no string is shown as a value. */
function messageOf(error: Error): string {
  try {
    const message: unknown = error.message;
    return typeof message === "string" ? message : message === undefined ? "" : brief(message);
  } catch {
    return "";
  }
}

/** Reads the body of an `ERROR` extension. */
export function readError(decoder: Decoder, depth: number): Error {
  decoder.descend(depth);
  const known = decoder.stringOrNil();
  const name = decoder.string();
  const error = readPlainError(decoder, known, name);
  let enumerable = false;
  while (decoder.reader.remaining > 0) {
    const key = decoder.stringOrNil();
    if (key === undefined && !enumerable) enumerable = true;
    else {
      const field = checkField(key, enumerable);
      decoder.findName(field);
      const value = decoder.value(depth + 1);
      define(error, field, field === "name" && typeof value !== "string" ? name : value, enumerable);
    }
  }
  keepPromises(error, known, name);
  return error;
}

function readPlainError(decoder: Decoder, known: string | undefined, name: string): Error {
  const message = decoder.string();
  const stack = decoder.stringOrNil() ?? `${name}: ${message}`;
  const error = rebuild(known === undefined ? undefined : errorClass(known), name, message);
  define(error, "stack", stack, false);
  return decoder.remember(error);
}

/** What every error has is never sent as a field, nor does anything else hide. */
function checkField(key: string | undefined, enumerable: boolean): string {
  const allowed = key !== undefined && (enumerable ? key !== "message" && key !== "stack" : HIDDEN.includes(key));
  return allowed ? key : malformed("an error has a field that errors do not have");
}

/** No constructor but our own and the platform's runs: what a peer sends must not choose what code does. */
function rebuild(Class: ErrorClass | undefined, name: string, message: string): Error {
  if (Class === undefined || Class === RemoteError) return new RemoteError(message, { name });
  if (Class.prototype instanceof DOMException || Class === DOMException) {
    return Reflect.construct(DOMException, [message, name], Class as never);
  }
  return Reflect.construct(Error, message === "" ? [] : [message], Class as never);
}

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}
