import { assertEquals, assertRejects } from "@std/assert";
import { DisconnectedError, spawn } from "../../../mod.ts";
import { contactBehind } from "../../../actors/actor_ref.ts";
import { Known } from "../../conformance/fixtures/prisoner.ts";
import { Voucher, vouchesAt } from "../../../actors/supervision/voucher.ts";
import { Contact } from "../../../actors/contact.ts";
import { Place } from "../../../actors/supervision/place.ts";
import type { Target } from "../../../channels/kernel/cell.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";

function actorIn(id: string): Target {
  return { isolate: id, slot: 1, incarnation: 0, secret: "secret" };
}

for (const placement of ["inline", "thread", "process"] as const) {
  Deno.test(`a voucher for an actor of this program convinces this program (${placement})`, async () => {
    await using known = await spawn(Known, [], { placement });
    const voucher = Voucher.for("a wish", contactBehind(known)!.actor);
    assertEquals([await voucher.vouches("a wish"), await voucher.vouches("another")], [true, false]);
  });
}

Deno.test("a voucher for an actor that nobody finds convinces nobody", async () => {
  assertEquals(await Voucher.for("a wish", actorIn(`${isolate.id}.99`)).vouches("a wish"), false);
});

Deno.test("a voucher that went to a sandbox or another program convinces nobody else", async () => {
  for (const id of [`${isolate.id}!1`, `${isolate.id}@2`, `${isolate.id}.1@3.1`]) {
    assertEquals(await Voucher.for("a wish", actorIn(id)).vouches("a wish"), false, id);
  }
});

Deno.test("a voucher for a supervised actor convinces its isolate, and a program's own only where the actor is its own", async () => {
  const place = new Place("supervisor", "process", "actor");
  const voucher = Voucher.for("a wish", place);
  const convinces = () => voucher.vouches("a wish");
  const live = (id: string) => place.up(new Contact("supervisor", "process", actorIn(id), actorIn(id)));
  assertEquals(await convinces(), false, "nobody has been started yet");
  live(`${isolate.id}!1`);
  assertEquals(await convinces(), false, "it lives in a sandbox");
  live(`${isolate.id}/1`);
  assertEquals(await convinces(), true);
  place.over();
});

Deno.test("a request is not confirmed once the isolate is gone that it was made in", async () => {
  const asked = () => vouchesAt(actorIn(`${isolate.id}.99`), "a wish");
  await assertRejects(asked, DisconnectedError, "Cannot confirm a request: the isolate that it was made in is gone");
});
