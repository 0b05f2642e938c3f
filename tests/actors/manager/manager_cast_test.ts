import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { makeRef } from "../../../actors/actor_ref.ts";
import { behindFace } from "../../../actors/contact.ts";
import type { ManagerActor } from "../../../actors/manager/manager_actor.ts";
import { describedAs } from "../../../actors/supervision/child.ts";
import { child, inspect, manage, Queue, type Ref, supervise } from "../../../mod.ts";
import { Sum } from "../../conformance/fixtures/made_classes.ts";

const NONE = undefined as never;

Deno.test("a manager makes nothing for a cast, and no wrong request of one ends it", async () => {
  await using manager = await manage({}, { placement: "inline", classes: [Sum] });
  const { call, cast } = makeRef(behindFace(manager)!) as unknown as Ref<ManagerActor>;
  const moduleUrl = import.meta.resolve("../../conformance/fixtures/made_classes.ts");
  cast.make({ moduleUrl, name: "Sum" }, [], NONE);
  cast.make(NONE, NONE, NONE);
  cast.object("dict", "a name", []);
  cast.publish("a name", NONE);
  cast.published("a name");
  cast.add("a name", NONE);
  cast.remove("a name");
  cast.restart("a name");
  cast.observe(NONE, NONE);
  cast.bind(NONE, NONE);
  // Casts and calls of one sender are handled in order.
  await call.object("lock", undefined, []);
  assert(manager.alive);
  assertFalse(JSON.stringify(await inspect()).includes("Sum"));
});

Deno.test("a supervisor adds no child for a cast, which could not be refused for a quota", async () => {
  const ends = new Queue<string>();
  const known = () => child(Sum, [ends], { placement: "inline" });
  await using app = await supervise({ known: known() });
  const { call, cast } = makeRef(behindFace(app)!) as unknown as Ref<ManagerActor>;
  const { spec, place } = describedAs("test", "another", known());
  cast.add("another", spec);
  await assertRejects(async () => await call.remove("another"), TypeError, "there is no child of that name");
  await call.add("another", spec);
  assertEquals(place.exit, undefined);
  await call.remove("another");
});
