import { assertEquals } from "@std/assert";
import { hasFewerRights } from "../../../channels/kernel/address.ts";

/** Asker, place, and whether the asker may have fewer rights there. */
const CASES: readonly (readonly [string, string, boolean])[] = [
  ["f00d", "f00d", false],
  ["f00d.1", "f00d", false],
  ["f00d/1", "f00d", false],
  ["f00d!1", "f00d", true],
  ["f00d!1.2", "f00d", true],
  ["f00d!1/2", "f00d", true],
  ["f00d.1!2", "f00d.3", true],
  ["f00d@1", "f00d", true],
  ["f00d/1@2", "f00d", true],
  ["f00d", "f00d!1", false],
  ["f00d.7", "f00d!1", false],
  ["f00d!1", "f00d!1.2", false],
  ["f00d!1.2", "f00d!1/3", false],
  ["f00d!1!2", "f00d!1", true],
  ["f00d!1", "f00d!2", true],
  ["f00d!1", "f00d!10", true],
  ["beef", "f00d", true],
];

for (const [asker, place, fewer] of CASES) {
  Deno.test(`${asker} ${fewer ? "may have fewer rights than" : "has the rights of"} ${place}`, () => {
    assertEquals(hasFewerRights(asker, place), fewer);
  });
}
