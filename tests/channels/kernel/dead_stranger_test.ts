/** A stranger says that an isolate below it is dead, and goes on in the name of that. */
import { assertEquals } from "@std/assert";
import "../../../channels/kernel/dispatch.ts";
import { accounts } from "../../../channels/kernel/account.ts";
import { type Cell, cells } from "../../../channels/kernel/cell.ts";
import { encode } from "../../../channels/kernel/codec/encode.ts";
import type { Envelope } from "../../../channels/kernel/envelope.ts";
import { type Passage, passagesOf } from "../../../channels/kernel/handle.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";
import { plainPacket } from "../../../channels/kernel/packet.ts";
import { Lock } from "../../../channels/sync/lock.ts";
import { Queue } from "../../../channels/queue.ts";
import { TestLink } from "./test_link.ts";

const EXIT = { code: 0, reason: "normal" } as const;

for (const kind of ["sandbox", "connection"] as const) {
  for (const below of [".5", "/5", "!5"]) {
    Deno.test(`a ${kind} that speaks for a dead isolate below it (${below}) is not heard`, async () => {
      const child = isolate.nextChildId(kind);
      const victim = isolate.nextChildId("sandbox");
      const link = new TestLink();
      isolate.addChild(child, link, () => {});
      isolate.addChild(victim, new TestLink(), () => {});
      const queue = new Queue<unknown>();
      const { slot, secret } = cells.export(passagesOf(queue)![0].target as Cell);
      const [passage] = passagesOf(new Lock())! as [Passage];
      const from = `${child}${below}`;
      const to = isolate.id;
      const bytes = encode(new Uint8Array(1000), "item");
      let id = 0;
      const say = (from: string, more: object = {}) =>
        link.receive({
          kind: "send",
          to,
          from,
          slot,
          secret,
          incarnation: 0,
          holder: 1,
          id: ++id,
          verb: "put",
          detail: "",
          body: plainPacket(bytes),
          ...more,
        } as Envelope);
      const counted = () => [...accounts].map(({ stranger, bytes }) => [stranger, bytes]).filter(([, bytes]) => bytes);
      const before = counted();
      link.receive({ kind: "down", to, from: child, isolate: from, exit: EXIT });
      say(from);
      say(`${from}.1`);
      say(from, { relayedFor: victim });
      say(from, { body: { ...plainPacket(bytes), passages: [passage] } });
      say(from, { id: 0, slot: 1, body: { ...plainPacket(bytes), passages: [passage] } });
      link.receive({ kind: "grant", to, from, slot, secret, lease: "queue", holderIsolate: to, holder: 1, number: 0 });
      assertEquals([await queue.size(), counted(), link.sent, link.closed], [0, before, [], false]);
      // It itself, and those below it that live, are heard and counted.
      say(child);
      say(`${child}.6`);
      assertEquals(await queue.size(), 2);
      assertEquals(counted().some(([stranger]) => stranger === child), true);
      for (const gone of [child, victim]) isolate.down(gone, EXIT);
    });
  }
}
