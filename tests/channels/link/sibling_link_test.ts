import { assertEquals } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { type Dialled, SiblingLink } from "../../../channels/link/sibling_link.ts";
import type { Socket } from "../../../channels/link/socket_link.ts";
import { frameOf, Recorder } from "./recorder.ts";

const BOUND_MS = 10_000;
const WELCOME = new Uint8Array([8, 9]);
/** The same as a frame. */
const WELCOME_FRAME = new Uint8Array([0, 0, 0, 2, ...WELCOME]);

/** One end of a socket whose other end is here, too. */
class End implements Socket {
  other!: End;
  readonly #chunks: (Uint8Array | null)[] = [];
  #waiting: (() => void) | undefined;

  static pair(): [End, End] {
    const [one, other] = [new End(), new End()];
    one.other = other;
    other.other = one;
    return [one, other];
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) await new Promise<void>((resolve) => this.#waiting = resolve);
    const chunk = this.#chunks[0];
    if (chunk === null) return null;
    const count = Math.min(into.length, chunk.length);
    into.set(chunk.subarray(0, count));
    if (count === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(count);
    return count;
  }

  write(bytes: Uint8Array): Promise<number> {
    this.other.#push(bytes.slice());
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.#push(null);
    this.other.#push(null);
  }

  #push(chunk: Uint8Array | null): void {
    this.#chunks.push(chunk);
    this.#waiting?.();
  }
}

/** A link that dials in a way of the test's, and what comes of it. */
function linkThat(dial: () => Promise<Dialled>) {
  const carried: number[][] = [];
  const recorder = new Recorder();
  const seen = { hungUp: 0 };
  const link = new SiblingLink({
    dial,
    carry: (frame) => void carried.push([...frame.bytes]),
    hungUp: () => void seen.hungUp++,
  });
  link.start(recorder);
  return { link, carried, recorder, seen };
}

/** Two links, of which each dials the other. */
function pair() {
  const one = linkThat(() => called(other.link));
  const other: ReturnType<typeof linkThat> = linkThat(() => called(one.link));
  return { one, other };
}

function called(link: SiblingLink): Promise<Dialled> {
  const [here, there] = End.pair();
  link.hear(there, WELCOME);
  return dialled(here);
}

function dialled(socket: Socket): Promise<Dialled> {
  return Promise.resolve({ socket, welcome: WELCOME });
}

Deno.test("what is sent while it dials comes by the socket, in order, and the answer by the same one", async () => {
  let dials = 0;
  const callee = linkThat(() => Promise.reject(new Error("It need not call back")));
  const caller = linkThat(() => {
    dials++;
    return called(callee.link);
  });
  for (const n of [1, 2, 3]) caller.link.send(frameOf(n));
  await deadline(callee.recorder.received(3), BOUND_MS);
  callee.link.send(frameOf(4));
  caller.link.send(frameOf(5));
  await deadline(Promise.all([callee.recorder.received(4), caller.recorder.received(1)]), BOUND_MS);
  assertEquals([callee.recorder.bytes, caller.recorder.bytes, dials], [[[1], [2], [3], [5]], [[4]], 1]);
  assertEquals([caller.carried, callee.carried, caller.link.speaks, callee.link.speaks], [[], [], true, true]);
  caller.link.close();
});

Deno.test("where nobody listens everything goes by the tree, in order, and always will", async () => {
  let dials = 0;
  const { link, carried, seen } = linkThat(() => {
    dials++;
    return Promise.reject(new Deno.errors.NotFound("no socket"));
  });
  link.send(frameOf(1));
  link.send(frameOf(2));
  await link.flush();
  link.send(frameOf(3));
  assertEquals([carried, dials, seen.hungUp], [[[1], [2], [3]], 1, 0]);
});

Deno.test("one who is turned away before the welcome takes nobody for dead", async () => {
  const { link, carried, seen } = linkThat(() => {
    const [here, there] = End.pair();
    there.close();
    return dialled(here);
  });
  link.send(frameOf(1));
  await link.flush();
  assertEquals([carried, seen.hungUp, link.drain()], [[[1]], 0, undefined]);
});

Deno.test("who answers with another welcome is not who was called: it is sent nothing, and taken at no word", async () => {
  const [here, there] = End.pair();
  const { link, carried, recorder, seen } = linkThat(() => dialled(here));
  link.send(frameOf(1));
  await there.write(new Uint8Array([0, 0, 0, 2, 8, 8]));
  await there.write(new Uint8Array([0, 0, 0, 1, 7]));
  await link.flush();
  assertEquals([carried, recorder.bytes, seen.hungUp, link.speaks], [[[1]], [], 0, false]);
  assertEquals(await there.read(new Uint8Array(9)), null);
});

Deno.test("flush() does not wait for one that is busy: what was to be sent goes by the tree, then and for ever", async () => {
  const [here, there] = End.pair();
  const { link, carried, recorder } = linkThat(() => dialled(here));
  link.send(frameOf(1));
  link.send(frameOf(2));
  await deadline(Promise.resolve(link.flush()), BOUND_MS);
  assertEquals(carried, [[1], [2]]);
  await there.write(WELCOME_FRAME);
  await there.write(new Uint8Array([0, 0, 0, 1, 7]));
  await deadline(recorder.received(1), BOUND_MS);
  link.send(frameOf(3));
  assertEquals([carried, recorder.bytes], [[[1], [2], [3]], [[7]]]);
  link.close();
});

Deno.test("drain() resolves when all that the dead had written was given", async () => {
  const { link, recorder, seen } = linkThat(() => Promise.reject(new Error("not asked")));
  const [here, there] = End.pair();
  link.hear(here, WELCOME);
  for (const n of [1, 2, 3]) await there.write(new Uint8Array([0, 0, 0, 1, n]));
  there.close();
  await deadline(link.drain()!, BOUND_MS);
  assertEquals([recorder.bytes, seen.hungUp, link.drain()], [[[1], [2], [3]], 1, undefined]);
});

Deno.test("two that dialled at once each send by their own socket; when one breaks both end, and nobody waits", async () => {
  const { one, other } = pair();
  one.link.send(frameOf(1));
  other.link.send(frameOf(2));
  await deadline(Promise.all([one.recorder.received(1), other.recorder.received(1)]), BOUND_MS);
  assertEquals([one.recorder.bytes, other.recorder.bytes], [[[2]], [[1]]]);
  const [here, there] = End.pair();
  one.link.hear(here, WELCOME);
  // The end comes within a frame.
  await there.write(new Uint8Array([0, 0, 0, 9, 1]));
  there.close();
  await deadline(Promise.all([one.link.drain(), other.link.drain()]), BOUND_MS);
  assertEquals([one.seen.hungUp > 0, other.seen.hungUp > 0], [true, true]);
});
