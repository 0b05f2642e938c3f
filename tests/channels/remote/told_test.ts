/** Which isolates a border notes that its peer has heard of. */

import { assertEquals } from "@std/assert";
import { EMPTY_PACKET } from "../../../channels/kernel/packet.ts";
import { Told } from "../../../channels/remote/told.ts";

const PEER = "beef.f00d";

/** Tells the peer of handles to cells of these isolates. */
function tellOf(told: Told, ...isolates: string[]): void {
  const passages = isolates.map((isolate) => ({
    kind: "queue",
    target: { isolate, slot: 1, incarnation: 1, secret: "" },
    also: { isolate: `${isolate}.also`, slot: 1, incarnation: 1, secret: "" },
    meta: 0,
  }));
  const body = { ...EMPTY_PACKET, passages };
  told.note({ kind: "reply", to: PEER, from: "beef", id: 1, outcome: "value", body, exit: undefined });
}

Deno.test("a border notes whom its peer was told of, until they are gone", () => {
  const told = new Told(PEER);
  tellOf(told, "cafe.1");
  assertEquals(["beef", "cafe.1", "cafe.1.also", "cafe.2"].map((id) => told.has(id)), [true, true, true, false]);
  assertEquals([told.forget("cafe"), told.forget("cafe"), told.has("cafe.1")], [true, false, false]);
});

Deno.test("a border does not note the isolates of its peer, which can make up any number", () => {
  const told = new Told(PEER);
  tellOf(told, PEER, `${PEER}.1`, `${PEER}.1.2`);
  assertEquals([PEER, `${PEER}.1`, `${PEER}.1.2.also`].map((id) => told.has(id)), [false, false, false]);
  assertEquals(told.forget(PEER), false);
});
