import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ProtocolError } from "../../../channels/errors.ts";
import { type RingMemory, RingReader, ringSize, RingWriter } from "../../../channels/link/ring.ts";

const CAPACITY = 1024;

function allocate(): RingMemory {
  return new Uint8Array(new SharedArrayBuffer(ringSize(CAPACITY)));
}

function pair(): [RingWriter, RingReader, RingMemory] {
  const memory = allocate();
  return [new RingWriter(memory), new RingReader(memory), memory];
}

function frame(length: number, fill: number): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

Deno.test("a ring gives every frame whole, once, in order, whatever their sizes and however full it is", () => {
  const steps = fc.array(
    fc.oneof(fc.record({ write: fc.integer({ min: -1, max: CAPACITY / 4 - 4 }) }), fc.record({ read: fc.nat(5) })),
    { maxLength: 300 },
  );
  fc.assert(fc.property(steps, (steps) => {
    const [writer, reader] = pair();
    const under: (Uint8Array | "elsewhere")[] = [];
    let number = 0;
    for (const step of steps) {
      if ("write" in step) {
        const bytes = step.write < 0 ? "elsewhere" : frame(step.write, number++ & 0xff);
        if (writer.write(bytes)) under.push(bytes);
      } else {
        for (let i = 0; i < step.read; i++) assertEquals(reader.read(true), under.shift());
        reader.release();
      }
    }
    assertEquals(reader.waiting, under.length > 0);
    for (const expected of under) assertEquals(reader.read(true), expected);
    assertEquals([reader.read(true), reader.waiting], [undefined, false]);
  }));
});

Deno.test("a full ring refuses a frame, and takes it when there is room again", () => {
  const [writer, reader] = pair();
  let written = 0;
  while (writer.write(frame(100, written))) written++;
  writer.awaitRoom();
  assertEquals([written, writer.unblocked], [9, false]);
  assertEquals(reader.read(true), frame(100, 0));
  assertEquals([writer.unblocked, writer.write(frame(100, 9))], [false, false]);
  assertEquals([reader.release(), reader.release()], [true, false]);
  assertEquals([writer.unblocked, writer.write(frame(100, 9))], [true, true]);
});

Deno.test("who waits for room in a ring that nobody reads is told", () => {
  const [writer, reader] = pair();
  while (writer.write(frame(200, 1)));
  writer.awaitRoom();
  reader.abandon();
  assertEquals([writer.unblocked, writer.abandoned], [true, true]);
});

Deno.test("a frame that comes elsewhere keeps its place until it is there", () => {
  const [writer, reader] = pair();
  for (const bytes of [frame(1, 1), "elsewhere" as const, frame(1, 2)]) writer.write(bytes);
  assertEquals(reader.read(false), frame(1, 1));
  assertEquals([reader.read(false), reader.read(false), reader.waiting], ["elsewhere", "elsewhere", true]);
  assertEquals([reader.read(true), reader.read(true), reader.waiting], ["elsewhere", frame(1, 2), false]);
});

Deno.test("what was read stays as it is when the ring is written over", () => {
  const [writer, reader] = pair();
  const kept: Uint8Array[] = [];
  for (let i = 0; i < 200; i++) {
    writer.write(frame(i, i));
    kept.push(reader.read(true) as Uint8Array);
    reader.release();
  }
  assertEquals(kept, kept.map((_, i) => frame(i, i)));
});

for (const start of [2 ** 31 - 8 * CAPACITY, -8 * CAPACITY]) {
  Deno.test(`a ring goes on when its running counts overflow, from ${start} bytes on`, () => {
    const memory = allocate();
    const words = new Int32Array(memory.buffer);
    words[0] = words[32] = start;
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
    for (let i = 0; i < 100; i++) {
      let written = 0;
      while (writer.write(frame(200, written))) written++;
      for (let read = 0; read < written; read++) assertEquals(reader.read(true), frame(200, read));
      assertEquals([written > 2, reader.read(true), reader.waiting], [true, undefined, false]);
      reader.release();
    }
  });
}

for (
  const [what, length] of [["negative", -2000], ["longer than the ring", 5000], ["to its end and over", 1021]] as const
) {
  Deno.test(`a damaged ring is a ProtocolError: a length that is ${what}`, () => {
    const [writer, reader, memory] = pair();
    writer.write(frame(8, 1));
    new Int32Array(memory.buffer)[ringSize(0) / 4] = length;
    assertThrows(() => reader.read(true), ProtocolError);
  });
}
