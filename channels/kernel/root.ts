import { hasFewerRights } from "./address.ts";
import { Cell, cells, type Target } from "./cell.ts";
import { isolate } from "./isolate.ts";
import { noSuchRequest, type Request } from "./request.ts";
import { singleton } from "./singleton.ts";

interface Service {
  readonly answer: (request: Request, root: Cell) => void;
  readonly askers: "program" | "all";
}

/** What the program's own isolate does for all others: there is one of it in a program. */
class Root extends Cell {
  readonly services: Map<string, Service> = new Map();

  receive(request: Request): void {
    const { verb, from } = request;
    const service = this.services.get(verb);
    if (service === undefined) request.throw(noSuchRequest("the program", verb));
    else if (service.askers === "program" && hasFewerRights(from.isolate, isolate.id)) {
      request.throw(new TypeError(`Cannot ${verb}: a subprocess with fewer permissions than the program may not`));
    } else service.answer(request, this);
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

/**
 * Answers requests of this name, should this be the program's own isolate.
 *
 * @param askers whether isolates with fewer rights than the program may ask
 * @param answer is given the cell that was asked, too
 */
export function rootService(verb: string, askers: "program" | "all", answer: Service["answer"]): void {
  state.here.services.set(verb, { answer, askers });
}
