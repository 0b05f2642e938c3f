import { Cell, cells, type Target } from "./cell.ts";
import type { Request } from "./request.ts";
import { singleton } from "./singleton.ts";

/** What the program's own isolate does for all others: there is one of it in a program. */
class Root extends Cell {
  readonly services: Map<string, (request: Request) => void> = new Map();

  receive(request: Request): void {
    const service = this.services.get(request.verb);
    if (service !== undefined) service(request);
    else request.throw(new TypeError(`Cannot ask the program: no such request as "${request.verb}"`));
  }
}

const state: { readonly here: Root; root: Target | undefined } = singleton("root", () => ({
  here: new Root(),
  root: undefined,
}));

/** Where to ask for what there is one of in a program. */
export function root(): Target {
  if (state.root === undefined) {
    // Nobody told this isolate of another: it is the program's own.
    cells.pin(state.here);
    state.root = state.here;
  }
  return state.root;
}

/** The program's own isolate is elsewhere. */
export function setRoot(target: Target): void {
  state.root = target;
}

/** Answers requests of this name, should this be the program's own isolate. */
export function rootService(verb: string, answer: (request: Request) => void): void {
  state.here.services.set(verb, answer);
}
