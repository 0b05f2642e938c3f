import { assertEquals, assertRejects } from "@std/assert";
import { ClosedError, DisconnectedError, NotSerializableError } from "../../../channels/errors.ts";
import { ask, unanswered } from "../../../channels/kernel/ask.ts";
import { Cell } from "../../../channels/kernel/cell.ts";
import { holders } from "../../../channels/kernel/holder.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";
import type { Request } from "../../../channels/kernel/request.ts";
import { FarQueue } from "./far_queue.ts";

/** A cell that answers when the test says so. */
class Patient extends Cell {
  readonly requests: Request[] = [];
  readonly cancelled: string[] = [];

  receive(request: Request): void {
    this.requests.push(request);
    request.onCancel = () => this.cancelled.push(request.verb);
  }
}

const lost = () => new DisconnectedError("lost");

Deno.test("a request of this isolate's is answered once, and the first answer counts", async () => {
  const cell = new Patient();
  const holder = holders.adopt(isolate.id, 921);
  const asked = ask(cell, { holder, verb: "which", lost });
  const [request] = cell.requests;
  request.reply("first");
  request.reply("second");
  request.throw(new ClosedError("third"));
  request.lose();
  assertEquals(await asked, "first");
  assertEquals([request.open, holder.leases.size, cell.cancelled], [false, 0, []]);
});

Deno.test("an answer that cannot travel is an error of the asker's, and nothing to the cell", async () => {
  const cell = new Patient();
  const holder = holders.adopt(isolate.id, 923);
  let deep: unknown = "x";
  for (let level = 0; level < 1001; level++) deep = [deep];
  for (const answer of [deep, () => {}, new Patient()]) {
    const asked = ask(cell, { holder, verb: "which", lost });
    cell.requests.pop()!.reply(answer);
    await assertRejects(() => asked, NotSerializableError);
  }
});

Deno.test("a holder's death withdraws what it asked here", () => {
  const cell = new Patient();
  const holder = holders.adopt(isolate.id, 922);
  void ask(cell, { holder, verb: "which", lost });
  holders.sweep(holder);
  assertEquals(cell.cancelled, ["which"]);
  assertEquals(cell.requests[0].open, false);
});

Deno.test("a holder's death withdraws what it asked elsewhere, and nobody waits for the answer any more", () => {
  const far = new FarQueue();
  const holder = holders.adopt(isolate.id, 923);
  let settled = false;
  const end = () => void (settled = true);
  ask(far.address, { holder, verb: "get", takes: "", lost }).then(end, end);
  far.hear();
  assertEquals([unanswered(), far.quiet], [1, false]);
  holders.sweep(holder);
  assertEquals(unanswered(), 0);
  far.hear();
  far.speak();
  assertEquals([far.quiet, settled, holder.leases.size], [true, false, 0]);
  far.end();
});

Deno.test("an item on its way to a holder that dies goes back", () => {
  const far = new FarQueue();
  const holder = holders.adopt(isolate.id, 924);
  void ask(far.address, { holder, verb: "get", takes: "", lost });
  far.hear();
  far.put("kept");
  holders.sweep(holder);
  while (far.underWay > 0) {
    far.hear();
    far.speak();
  }
  assertEquals([far.quiet, far.items.map(({ value }) => value)], [true, ["kept"]]);
  far.end();
});

Deno.test("everything asked of an isolate that is gone, or asked later, is lost", async () => {
  const far = new FarQueue();
  const holder = holders.adopt(isolate.id, 925);
  const asked = ask(far.address, { holder, verb: "get", takes: "", lost });
  far.end();
  await assertRejects(() => asked, DisconnectedError);
  await assertRejects(() => ask(far.address, { holder, verb: "get", takes: "", lost }), DisconnectedError);
  assertEquals([unanswered(), holder.leases.size], [0, 0]);
});
