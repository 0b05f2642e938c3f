let adoptee: unknown;

/** Makes a face for something that exists already: its constructor takes it by `adopted`. */
export function adopting<F>(something: unknown, make: () => F): F {
  adoptee = something;
  try {
    return make();
  } catch (error) {
    adoptee = undefined;
    throw error;
  }
}

/** What the constructor that calls this was called for; undefined when a program called it. */
export function adopted<T>(): T | undefined {
  const something = adoptee as T | undefined;
  adoptee = undefined;
  return something;
}
