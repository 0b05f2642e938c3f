/** Which options the public functions, constructors and methods take, as `deno doc` tells. */

import { join } from "node:path";
import { root } from "./program.ts";

/** A parameter that takes options, or an address. */
export interface Bag {
  /** What takes it, `Queue.put(options)` or `new Queue(options)`. */
  readonly entry: string;
  /** The names that it knows; of an option that is itself such a bag `mailbox.capacity`. */
  readonly names: readonly string[];
}

/** Interfaces whose properties are options. */
const IS_BAG = /(Options|Tls|Address)$/;
/** These are types that name options, and not bags of them. */
const NO_BAGS = ["ArgsThenOptions", "ErrorOptions"];

// deno-lint-ignore no-explicit-any -- what `deno doc` prints has no published type
type Json = any;

/** Every parameter of what `mod.ts` exports that takes options. */
export async function optionBags(): Promise<Bag[]> {
  const symbols = await documented();
  const bags: Bag[] = [];
  const add = (entry: string, params: Json[]) => {
    for (const param of params) {
      const types = bagTypes(param.tsType ?? param.left?.tsType);
      if (types.length === 0) continue;
      const names = [...new Set(types.flatMap((type) => namesOf(symbols, type)))];
      const { name } = param.arg ?? param.left ?? param;
      bags.push({ entry: `${entry}(${name === "rest" ? "options" : name})`, names });
    }
  };
  for (const [name, { kind, def }] of symbols) {
    // What an error carries is no option.
    if (name.endsWith("Error")) continue;
    if (kind === "function") add(name, def.params);
    for (const { params } of def.constructors ?? []) add(`new ${name}`, params);
    for (const method of def.methods ?? []) add(`${name}.${method.name}`, (method.functionDef ?? method).params);
  }
  return bags;
}

/** The types in a type that are bags. */
function bagTypes(type: Json): Json[] {
  if (type === null || typeof type !== "object" || type.kind === "fnOrConstructor") return [];
  if (type.kind === "typeLiteral" && type.value.properties.length > 0) return [type];
  const name: string | undefined = type.kind === "typeRef" ? type.value.typeName : undefined;
  if (name !== undefined && IS_BAG.test(name) && !NO_BAGS.includes(name)) return [type];
  return Object.values(type).flatMap(bagTypes);
}

function namesOf(symbols: Map<string, Json>, type: Json): string[] {
  if (type.kind !== "typeRef") return type.value.properties.flatMap((one: Json) => namesOfProperty(symbols, one));
  const { typeName, typeParams = [] } = type.value;
  const [of, picked] = typeParams;
  const isPicked = (name: string) => literalsOf(symbols, picked).includes(name.split(".")[0]);
  if (typeName === "Pick") return namesOf(symbols, of).filter(isPicked);
  if (typeName === "Omit") return namesOf(symbols, of).filter((name) => !isPicked(name));
  const { kind, def } = symbols.get(typeName);
  if (kind === "interface") {
    const own = (def.properties ?? []).flatMap((one: Json) => namesOfProperty(symbols, one));
    return [...own, ...(def.extends ?? []).flatMap((base: Json) => namesOf(symbols, base))];
  }
  return typesWithin(def.tsType).flatMap((one) =>
    one.kind === "mapped" ? literalsOf(symbols, one.value.typeParam.constraint) : namesOf(symbols, one)
  );
}

/** What an alias is made of, as far as it has names. */
function typesWithin(type: Json): Json[] {
  if (type.kind === "typeRef" || type.kind === "mapped" || type.kind === "typeLiteral") return [type];
  return type.kind === "union" || type.kind === "intersection" ? type.value.flatMap(typesWithin) : [];
}

function namesOfProperty(symbols: Map<string, Json>, { name, tsType }: Json): string[] {
  const within = bagTypes(tsType).flatMap((type) => namesOf(symbols, type));
  return [name, ...within.map((inner) => `${name}.${inner}`)];
}

/** The strings of a union, or of the alias of one. */
function literalsOf(symbols: Map<string, Json>, type: Json): string[] {
  if (type.kind === "typeRef") return literalsOf(symbols, symbols.get(type.value.typeName).def.tsType);
  return type.kind === "union" ? type.value.flatMap((one: Json) => literalsOf(symbols, one)) : [type.value.string];
}

async function documented(): Promise<Map<string, Json>> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", join(root, "mod.ts")],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  const symbols = (Object.values(nodes) as Json[]).flatMap(({ symbols }) => symbols);
  return new Map(symbols.map(({ name, declarations }) => [name, declarations.at(-1)]));
}
