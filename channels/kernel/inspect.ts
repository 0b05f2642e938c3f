import { oneLine } from "./escape.ts";
import { handles, show } from "./show.ts";

const INSPECT = Symbol.for("Deno.customInspect");

/** Says what `Deno.inspect`, and so `console.log`, shows of a class's instances. */
export function inspectAs<T extends object>(
  Class: { readonly prototype: T },
  describe: (instance: T) => string,
): void {
  handles.set(Class.prototype, describe as (instance: object) => string);
  Object.defineProperty(Class.prototype, INSPECT, {
    value(this: T): string {
      return oneLine(describe(this));
    },
  });
}

/** Has `Deno.inspect` show instances of a class bounded, whatever others have put into them. */
export function inspectBounded(Class: { readonly prototype: object }): void {
  Object.defineProperty(Class.prototype, INSPECT, {
    value(this: object, _inspect: unknown, options?: { readonly indentationLvl?: number }): string {
      return show(this).replaceAll("\n", `\n${" ".repeat(options?.indentationLvl ?? 0)}`);
    },
  });
}
