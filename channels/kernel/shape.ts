/**
 * Checks of values from other isolates. A child that runs hostile code, or a peer that was taken over, may send any value in
 * the place of another.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";

/** Whether a value is one of these. */
export type Shape<T> = (value: unknown) => value is T;

/** Any string. */
export const isText: Shape<string> = (value) => typeof value === "string";

/** Any number. */
export const isNumber: Shape<number> = (value) => typeof value === "number";

/** How many: a whole number that is not below zero. */
export const isCount: Shape<number> = (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** True or false. */
export const isFlag: Shape<boolean> = (value) => typeof value === "boolean";

/** A list of anything. */
export const isList: Shape<unknown[]> = (value) => Array.isArray(value);

/** Bytes. */
export const isBytes: Shape<Uint8Array> = (value) => value instanceof Uint8Array;

/** Anything. */
export const isAnything: Shape<unknown> = (_value): _value is unknown => true;

/** Undefined, or one of these. */
export function maybe<T>(is: Shape<T>): Shape<T | undefined> {
  return (value) => value === undefined || is(value);
}

/** An array of these. A hole counts as undefined, which is what a loop over the array meets there. */
export function listOf<T>(is: Shape<T>): Shape<T[]> {
  // Unlike `every`, `findIndex` looks at holes.
  return (value): value is T[] => Array.isArray(value) && value.findIndex((item) => !is(item)) < 0;
}

/** An array that begins with these, one each. */
export function startsWith<T extends unknown[]>(...shapes: { [K in keyof T]: Shape<T[K]> }): Shape<T> {
  return (value): value is T => Array.isArray(value) && shapes.every((is, at) => is(value[at]));
}

/** An object with these fields. */
export function withFields<T extends object>(shapes: { [K in keyof T]: Shape<T[K]> }): Shape<T> {
  return (value): value is T =>
    typeof value === "object" && value !== null &&
    Object.entries<Shape<unknown>>(shapes).every(([key, is]) => is((value as Record<string, unknown>)[key]));
}

/**
 * The value, which is as it must be.
 *
 * @param what the message that the value is part of, for the error
 * @throws {ProtocolError} If it is not.
 */
export function expected<T>(what: string, value: unknown, is: Shape<T>): T {
  if (is(value)) return value;
  throw new ProtocolError(`Cannot read ${what}: it is not what it must be`);
}
