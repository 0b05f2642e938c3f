import { assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async";
import { whoActs } from "../../channels/kernel/acting.ts";
import { ask } from "../../channels/kernel/ask.ts";
import { packPlain } from "../../channels/kernel/pack.ts";
import { Contact } from "../../actors/contact.ts";
import { Place } from "../../actors/supervision/place.ts";
import { ProtocolError } from "../../mod.ts";

Deno.test("a child whose keeper answers with no exit harms nobody but those who ask it to end", async () => {
  const place = new Place("child", "thread", "actor");
  const elsewhere = { isolate: "f00d!1", slot: 1, incarnation: 0, secret: "s" };
  const contact = new Contact("child", "thread", elsewhere, elsewhere);
  const refuse = () => Promise.reject(new ProtocolError("what came as its exit is none"));
  place.up(Object.assign(contact, { stop: refuse, end: refuse, interrupt: refuse }));
  const tell = (verb: string) => {
    return ask(place, { holder: whoActs.holder(), verb, body: packPlain(1000), lost: () => new Error("lost") });
  };
  for (const verb of ["stop", "kill", "terminate"]) await assertRejects(() => tell(verb), ProtocolError);
  assertEquals(await tell("interrupt"), undefined);
  place.orphan();
  // A rejection that nobody catches fails the whole test file.
  await delay(0);
});
