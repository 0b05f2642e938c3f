/**
 * A stand-in for `@std/testing/types`, used where JSR cannot be reached; it is no part of the published package.
 *
 * Where the two differ: an intersection such as `{ a: 1 } & { b: 2 }` is here not exactly `{ a: 1; b: 2 }`.
 *
 * @module
 */

/** Compiles only if the condition is exactly the boolean given: `assertType<IsExact<A, B>>(true)`. */
export function assertType<T extends boolean>(_expectTrue: T): void {}

/** Whether the two are one type, `any` and `unknown` told apart at any depth. */
export type IsExact<T, U> = (<X>() => X extends T ? 1 : 2) extends <X>() => X extends U ? 1 : 2 ? true : false;
