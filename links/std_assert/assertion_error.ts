/** What every failed assertion throws. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** The message of a failed assertion: what failed, then what the test's author said about it. */
export function failure(what: string, message?: string): AssertionError {
  return new AssertionError(message === undefined ? what : `${what}: ${message}`);
}
