import { assertEquals } from "@std/assert";
import { hasFewerRights, strangerOf } from "../../../channels/kernel/address.ts";

/** Asker, place, and the stranger that the asker belongs to there. */
const CASES: readonly (readonly [string, string, string | undefined])[] = [
  ["f00d", "f00d", undefined],
  ["f00d.1", "f00d", undefined],
  ["f00d/1", "f00d", undefined],
  ["f00d!1", "f00d", "f00d!1"],
  ["f00d!1.2", "f00d", "f00d!1"],
  ["f00d!1/2", "f00d", "f00d!1"],
  ["f00d.1!23", "f00d.3", "f00d.1!23"],
  ["f00d.1/4!23.5", "f00d.1", "f00d.1/4!23"],
  ["f00d@1", "f00d", "f00d@1"],
  ["f00d/1@2!3", "f00d", "f00d/1@2"],
  ["f00d", "f00d!1", undefined],
  ["f00d.7", "f00d!1", undefined],
  ["f00d!1", "f00d!1.2", undefined],
  ["f00d!1.2", "f00d!1/3", undefined],
  ["f00d!1!2", "f00d!1", "f00d!1!2"],
  ["f00d!1", "f00d!2", "f00d!1"],
  ["f00d!1", "f00d!10", "f00d!1"],
  ["beef.1", "f00d", "beef"],
];

for (const [asker, place, stranger] of CASES) {
  const verdict = stranger === undefined ? "has the rights of" : `belongs to the stranger ${stranger} in`;
  Deno.test(`${asker} ${verdict} ${place}`, () => {
    assertEquals(strangerOf(asker, place), stranger);
    assertEquals(hasFewerRights(asker, place), stranger !== undefined);
  });
}
