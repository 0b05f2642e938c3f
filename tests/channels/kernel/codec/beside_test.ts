import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { NotSerializableError, ProtocolError } from "../../../../channels/errors.ts";
import { decode, type Source } from "../../../../channels/kernel/codec/decode.ts";
import { encode, type Sink } from "../../../../channels/kernel/codec/encode.ts";
import { assertSame } from "./assert_same.ts";

class Handle {
  constructor(readonly name: string) {}
}

/** Takes handles in order of appearance, moves what it is told to, and hands both over as they are. */
class Luggage {
  readonly handles: object[] = [];

  constructor(readonly moved: readonly object[] = []) {}

  readonly sink: Sink = {
    handle: (object) => {
      if (!(object instanceof Handle || Symbol.asyncIterator in object)) return undefined;
      const known = this.handles.indexOf(object);
      return known < 0 ? this.handles.push(object) - 1 : known;
    },
    transfer: (object) => {
      const index = this.moved.indexOf(object);
      return index < 0 ? undefined : index;
    },
  };

  readonly source: Source = {
    handle: (index) => this.handles[index],
    transfer: (index) => this.moved[index],
  };
}

function withLuggage(value: unknown, luggage: Luggage): unknown {
  return decode(encode(value, "args", luggage.sink), luggage.source);
}

Deno.test("a handle travels by index, at any depth and as the whole value", () => {
  const [a, b] = [new Handle("a"), new Handle("b")];
  const value = [a, { deep: new Map([[b, new Set([a])]]) }];
  const luggage = new Luggage();
  assertSame(withLuggage(value, luggage), value);
  assertEquals(luggage.handles, [a, b]);
  assertStrictEquals(withLuggage(a, new Luggage()), a);
});

Deno.test("a handle met twice has one index, and does not make a tree a graph", () => {
  const handle = new Handle("a");
  assertEquals(encode([handle, handle], "args", new Luggage().sink), new Uint8Array([0x92, 0xd4, 10, 0, 0xd4, 10, 0]));
  const shared = { handle };
  const arrived = withLuggage([shared, shared, handle], new Luggage()) as [object, object, unknown];
  assertStrictEquals(arrived[0], arrived[1]);
  assertStrictEquals(arrived[2], handle);
});

Deno.test("a hundred thousand handles are told apart", () => {
  const handles = Array.from({ length: 100_000 }, (_, i) => new Handle(String(i)));
  const index = new Map<object, number>(handles.map((handle, i) => [handle, i]));
  const bytes = encode(handles, "args", { handle: (object) => index.get(object), transfer: () => undefined });
  const arrived = decode(bytes, { handle: (i) => handles[i], transfer: () => undefined });
  assertEquals((arrived as Handle[]).every((handle, i) => handle === handles[i]), true);
});

Deno.test("an async iterable goes to the sink as a handle, of a class or not", () => {
  const generator = (async function* () {})();
  const iterable = { async *[Symbol.asyncIterator]() {} };
  const [a, b] = withLuggage([generator, iterable], new Luggage()) as object[];
  assertStrictEquals(a, generator);
  assertStrictEquals(b, iterable);
});

Deno.test("what is moved travels by index: buffers, ports and streams", () => {
  const { port1, port2 } = new MessageChannel();
  const moved = [new ArrayBuffer(8), port1, new ReadableStream(), new WritableStream()];
  const arrived = withLuggage({ moved }, new Luggage(moved)) as { moved: object[] };
  arrived.moved.forEach((object, i) => assertStrictEquals(object, moved[i]));
  port1.close();
  port2.close();
});

Deno.test("a view of a moved buffer arrives as a view of that buffer, with its bounds", () => {
  const buffer = new ArrayBuffer(32);
  const views = [new Uint8Array(buffer), new Float64Array(buffer, 8, 2), new DataView(buffer, 3, 5)];
  const arrived = withLuggage(views, new Luggage([buffer])) as typeof views;
  arrived.forEach((view, i) => {
    assertStrictEquals(view.buffer, buffer);
    assertStrictEquals(view.constructor, views[i].constructor);
    assertEquals([view.byteOffset, view.byteLength], [views[i].byteOffset, views[i].byteLength]);
  });
});

Deno.test("a moved buffer that came as something else, or is too small for its view, is a ProtocolError", () => {
  const view = new Float64Array(4);
  const bytes = encode(view, "args", new Luggage([view.buffer]).sink);
  for (const impostor of [undefined, {}, new ArrayBuffer(8), new SharedArrayBuffer(32)]) {
    const source = { handle: () => undefined, transfer: () => impostor };
    assertThrows(() => decode(bytes, source), ProtocolError);
  }
});

Deno.test("what the sink does not take is refused", () => {
  for (
    const value of [
      AbortSignal.abort(),
      new ReadableStream({}, { highWaterMark: 0 }).getReader(),
      new SharedArrayBuffer(1),
    ]
  ) {
    assertThrows(() => encode([value], "args", new Luggage().sink), NotSerializableError, "args[0]");
  }
});

Deno.test("an index is a ProtocolError where nothing, or not as much, travels beside the bytes", () => {
  const handle = encode(new Handle("a"), "args", new Luggage().sink);
  const buffer = new ArrayBuffer(1);
  const moved = encode(buffer, "args", new Luggage([buffer]).sink);
  for (const bytes of [handle, moved]) {
    assertThrows(() => decode(bytes), ProtocolError, "beside the bytes");
    assertThrows(() => decode(bytes, new Luggage().source), ProtocolError, "that there is not");
  }
});
