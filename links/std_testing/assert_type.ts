/**
 * A stand-in for `@std/testing/types`, used where JSR cannot be reached; it is no part of the published package.
 *
 * Where the two differ: an intersection such as `{ a: 1 } & { b: 2 }` is here not exactly `{ a: 1; b: 2 }`.
 *
 * @module
 */

/** Compiles only if the condition is exactly the boolean given: `assertType<IsExact<A, B>>(true)`. */
export function assertType<T extends boolean>(_expectTrue: T): void {}

/** Compiles only if `T` is `true`. */
export type AssertTrue<T extends true> = never;
/** Compiles only if `T` is `false`. */
export type AssertFalse<T extends false> = never;
/** Compiles only if `T` is `Expected`. */
export type Assert<T extends boolean, Expected extends T> = never;

/** Whether `T` is `any`. */
export type IsAny<T> = 0 extends 1 & T ? true : false;
/** Whether `T` is `never`. */
export type IsNever<T> = [T] extends [never] ? true : false;
/** Whether `T` is `unknown`. */
export type IsUnknown<T> = IsAny<T> extends true ? false : unknown extends T ? true : false;
/** Whether `T` may be `null` or `undefined`. */
export type IsNullable<T> = IsAny<T> extends true ? false
  : IsNever<Extract<T, null | undefined>> extends true ? false
  : true;

/** Whether the two are one type, `any` and `unknown` told apart at any depth. */
export type IsExact<T, U> = (<X>() => X extends T ? 1 : 2) extends <X>() => X extends U ? 1 : 2 ? true : false;

/** Whether the union `T` has a member that is a `U`. */
export type Has<T, U> = IsAny<T> extends true ? true
  : IsAny<U> extends true ? false
  : IsNever<Extract<T, U>> extends true ? false
  : true;
/** Whether the union `T` has no member that is a `U`. */
export type NotHas<T, U> = Has<T, U> extends true ? false : true;
