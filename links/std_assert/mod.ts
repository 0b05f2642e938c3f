/**
 * A stand-in for `@std/assert`, used where JSR cannot be reached; it is no part of the published package.
 *
 * Where the two differ: errors are compared here by name, message and cause as well as by their own fields.
 *
 * @module
 */
export { AssertionError } from "./assertion_error.ts";
export { assertEquals, assertNotEquals, assertNotStrictEquals, assertStrictEquals } from "./equality.ts";
export { assertGreater, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "./order.ts";
export { assertRejects, assertThrows } from "./throwing.ts";
export {
  assert,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertNotInstanceOf,
  assertStringIncludes,
} from "./truth.ts";
