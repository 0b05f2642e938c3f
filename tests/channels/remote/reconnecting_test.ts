import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Connection } from "../../../channels/connection.ts";
import { DisconnectedError } from "../../../channels/errors.ts";
import { Reconnecting } from "../../../channels/remote/reconnecting.ts";

/** How long a connection waits between four attempts to be made again, all of which fail. */
async function waits(): Promise<number[]> {
  const asked: number[] = [];
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((fire: () => void, ms: number) => {
    asked.push(ms);
    return setTimeout(fire, 0);
  }) as typeof setTimeout;
  try {
    let breaks: (() => void) | undefined;
    const connection = await Reconnecting.start((ended) => {
      if (breaks !== undefined) return Promise.reject(new Error("nobody listens"));
      breaks = ended;
      return Promise.resolve({ close: () => Promise.resolve() } as Connection<unknown>);
    }, { minMs: 1000, maxMs: 3000, attempts: 4 });
    breaks!();
    await assertRejects(() => connection.send("lost"), DisconnectedError);
    await connection.close();
    return asked;
  } finally {
    globalThis.setTimeout = setTimeout;
  }
}

Deno.test("each wait before connecting again is twice the last up to the longest, less a part that chance decides", async () => {
  const all: number[][] = [];
  for (let n = 0; n < 20; n++) all.push(await waits());
  for (const of of all) {
    assertEquals(of.length, 3);
    for (const [i, ms] of of.entries()) {
      const longest = [1000, 2000, 3000][i];
      assert(ms >= 0.8 * longest && ms <= longest, `${ms} of ${longest}`);
    }
  }
  assert(new Set(all.map(([first]) => first)).size > 1, "all would come back at once");
});
