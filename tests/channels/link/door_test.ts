import { assert, assertEquals } from "@std/assert";
import { Door } from "../../../channels/link/door.ts";

const HELLO = new TextEncoder().encode("hello");

function listen(): Deno.Listener {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

function dial(listener: Deno.Listener): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port: (listener.addr as Deno.NetAddr).port });
}

/** The next caller with the right words, at a door that lets only those in. */
function doorOf(listener: Deno.Listener): { door: Door; arrived: Promise<Deno.Conn> } {
  const { promise: arrived, resolve } = Promise.withResolvers<Deno.Conn>();
  const door = new Door(listener, HELLO.length, (hello, socket) => {
    const isRight = hello.every((byte, at) => byte === HELLO[at]);
    if (isRight) resolve(socket);
    return isRight;
  });
  return { door, arrived };
}

Deno.test("callers that say nothing neither fill a door's process with sockets nor keep out one that speaks", async () => {
  const listener = listen();
  const { door, arrived } = doorOf(listener);
  const silent: Deno.Conn[] = [];
  let hungUp = 0;
  const readings: Promise<unknown>[] = [];
  for (let at = 0; at < 600; at++) {
    const socket = await dial(listener);
    silent.push(socket);
    readings.push(socket.read(new Uint8Array(1)).then(() => hungUp++, () => hungUp++));
  }
  const caller = await dial(listener);
  await caller.write(HELLO);
  (await arrived).close();
  assert(hungUp >= 300, `${hungUp} of 600 silent callers were hung up on`);
  door.close();
  await Promise.all(readings);
  for (const socket of [...silent, caller]) socket.close();
});

Deno.test("a door goes on when the system fails to accept a caller", async () => {
  const listener = listen();
  let failures = 2;
  const flaky = {
    accept: () => failures-- > 0 ? Promise.reject(new Error("Too many open files")) : listener.accept(),
    close: () => listener.close(),
  } as unknown as Deno.Listener;
  const { door, arrived } = doorOf(flaky);
  const caller = await dial(listener);
  await caller.write(HELLO);
  const socket = await arrived;
  assertEquals(failures, -2);
  door.close();
  socket.close();
  caller.close();
});
