import { encode } from "../../channels/kernel/codec/encode.ts";
import type { MadeClass } from "./manager_actor.ts";

/** A request for instances of a class, as the text that a voucher confirms. */
export function classWish({ moduleUrl, name }: MadeClass): string {
  return `make ${moduleUrl} ${name}`;
}

/** A request for a pool, as the text that a voucher confirms. */
export function poolWish(name: string | undefined, args: readonly unknown[]): string {
  return encode([name, args], "options").toBase64();
}
