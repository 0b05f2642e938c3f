/** Says what `Deno.inspect`, and so `console.log`, shows of a class's instances. */
export function inspectAs<T>(Class: { readonly prototype: T }, describe: (instance: T) => string): void {
  Object.defineProperty(Class.prototype, Symbol.for("Deno.customInspect"), {
    value(this: T): string {
      return describe(this);
    },
  });
}
