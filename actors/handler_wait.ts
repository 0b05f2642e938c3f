/**
 * Waits for a handler. Deadlock detection looks for this function, by its name, on the stacks of those who wait for a
 * call: that is how a call that a handler waits for differs from one that it merely made.
 */
export async function awaitTroupeHandler(
  handled: PromiseLike<unknown>,
  succeeded: (value: unknown) => void,
  failed: (error: unknown) => void,
): Promise<void> {
  let value: unknown;
  try {
    value = await handled;
  } catch (error) {
    return failed(error);
  }
  succeeded(value);
}
