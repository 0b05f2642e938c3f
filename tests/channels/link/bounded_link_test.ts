import { assert, assertEquals } from "@std/assert";
import { USUAL_LIMITS } from "../../../channels/kernel/account.ts";
import { BoundedLink } from "../../../channels/link/bounded_link.ts";

Deno.test("the event loop turns between frames of a sandbox that came together and cost much", async () => {
  const frames = 10;
  const bytes = new Uint8Array(frames * 5);
  for (let frame = 0; frame < frames; frame++) bytes.set([0, 0, 0, 1, frame], frame * 5);
  let reads = 0;
  const socket = {
    read(into: Uint8Array) {
      if (reads++ > 0) return Promise.resolve(null);
      into.set(bytes);
      return Promise.resolve(bytes.length);
    },
    write: (sent: Uint8Array) => Promise.resolve(sent.length),
    close() {},
  };
  const link = BoundedLink.toSandbox(socket, "f00d!1", USUAL_LIMITS, () => undefined);
  let turns = 0;
  const ticking = setInterval(() => turns++, 0);
  const got: number[] = [];
  link.start({
    frame(frame) {
      got.push(frame.bytes[0]);
      const end = performance.now() + 20;
      while (performance.now() < end);
    },
    closed() {},
  });
  await link.over;
  clearInterval(ticking);
  assertEquals(got, Array.from({ length: frames }, (_, frame) => frame));
  assert(turns >= frames - 2, `${turns} turns`);
});
