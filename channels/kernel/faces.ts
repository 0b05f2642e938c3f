/** Something that the library knows of faces: of each by itself, or for all of a class, made when it is first asked for. */
export class Faces<T> {
  readonly #known = new WeakMap<object, T>();
  readonly #makers = new Map<object | null, (face: object) => T | undefined>();

  /** Notes it of one face. */
  set(face: object, value: T): void {
    this.#known.set(face, value);
  }

  /** Says how to make it for the objects of a class. A face of which nothing was asked yet takes no memory here. */
  setFor<F extends object>(prototype: F, make: (face: F) => T | undefined): void {
    this.#makers.set(prototype, make as (face: object) => T | undefined);
  }

  /** It, if it is known of this face. */
  get(face: object): T | undefined {
    return this.#known.get(face) ?? this.#make(face);
  }

  #make(face: object): T | undefined {
    const value = this.#makerOf(face)?.(face);
    if (value !== undefined) this.#known.set(face, value);
    return value;
  }

  #makerOf(face: object): ((face: object) => T | undefined) | undefined {
    try {
      return this.#makers.get(Object.getPrototypeOf(face));
    } catch {
      // A proxy of a user's, which is no face.
      return undefined;
    }
  }
}
