import { enroll, type Passage } from "./handle.ts";

/** Stands in a message for a handle of which the sender has no face. (Not a plain object, which would travel as one.) */
export class Transit {
  /** @param parts handles that go with it */
  constructor(passage: Passage, parts: readonly object[] = []) {
    enroll(this, () => passage, parts);
  }
}
