import { outside } from "../channels/kernel/acting.ts";

/** Code that is loaded when it is first needed. */
export class LoadedLater<T> {
  /** The code, once it is loaded. */
  loaded: T | undefined;
  readonly #load: () => Promise<T>;
  #loading: Promise<T> | undefined;

  /** @param load imports it, with a literal specifier: so it is part of the module graph, and takes no permission */
  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Loads it, once; again where that failed. */
  load(): Promise<T> {
    return this.#loading ??= outside(this.#load).then((loaded) => this.loaded = loaded, (error) => {
      this.#loading = undefined;
      throw error;
    });
  }
}
