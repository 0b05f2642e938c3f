import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { meetingPlace } from "../../../actors/placement/meeting_place.ts";
import type { Meeting } from "../../../actors/placement/process_config.ts";

const TOKEN = "a".repeat(32);
const OTHER_TOKEN = "b".repeat(32);
const TRANSPORTS = Deno.build.os === "linux" ? ["unix", "tcp"] as const : ["tcp"] as const;

async function call(meeting: Meeting, text: string): Promise<Deno.Conn> {
  const socket = await Deno.connect(meeting as Deno.ConnectOptions);
  await socket.write(new TextEncoder().encode(text));
  return socket;
}

/** Whether the other side has closed it. */
async function isClosed(socket: Deno.Conn): Promise<boolean> {
  return await deadline(socket.read(new Uint8Array(1)), 10_000) === null;
}

/** Whether nobody takes calls there any more. */
async function isOver(meeting: Meeting): Promise<boolean> {
  try {
    // What the system still has of it takes no call.
    using socket = await Deno.connect(meeting as Deno.ConnectOptions);
    return await isClosed(socket);
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.ConnectionReset;
  }
}

for (const transport of TRANSPORTS) {
  /** A test that awaits one caller. */
  const awaiting = (what: string, test: (meeting: Meeting, arrived: Promise<Deno.Conn>) => Promise<void>): void =>
    Deno.test(`[${transport}] ${what}`, async () => {
      const { promise, resolve } = Promise.withResolvers<Deno.Conn>();
      const meeting = meetingPlace.expect(TOKEN, resolve, transport);
      assertEquals(meeting.transport, transport);
      try {
        await test(meeting, promise);
      } finally {
        meetingPlace.forget(TOKEN);
      }
      assertEquals(meetingPlace.awaited, 0);
      assert(await isOver(meeting));
    });

  awaiting("who shows the token arrives, and then nobody is awaited", async (meeting, arrived) => {
    const socket = await call(meeting, TOKEN);
    (await deadline(arrived, 10_000)).close();
    socket.close();
    assertEquals(meetingPlace.awaited, 0);
    assert(await isOver(meeting));
  });

  awaiting("the token may come in pieces", async (meeting, arrived) => {
    const socket = await call(meeting, TOKEN.slice(0, 5));
    await socket.write(new TextEncoder().encode(TOKEN.slice(5)));
    (await deadline(arrived, 10_000)).close();
    socket.close();
  });

  awaiting("who shows a wrong token is turned away, and nobody else", async (meeting, arrived) => {
    const stranger = await call(meeting, OTHER_TOKEN);
    assert(await isClosed(stranger));
    stranger.close();
    const socket = await call(meeting, TOKEN);
    (await deadline(arrived, 10_000)).close();
    socket.close();
  });

  awaiting("a token is good for one call", async (meeting, arrived) => {
    meetingPlace.expect(OTHER_TOKEN, () => {}, transport);
    const socket = await call(meeting, TOKEN);
    (await deadline(arrived, 10_000)).close();
    socket.close();
    const stranger = await call(meeting, TOKEN);
    assert(await isClosed(stranger));
    stranger.close();
    meetingPlace.forget(OTHER_TOKEN);
  });

  awaiting("the place stays open until the last who is awaited has come or is given up", async (meeting) => {
    const other = Promise.withResolvers<Deno.Conn>();
    assertEquals(meetingPlace.expect(OTHER_TOKEN, other.resolve, transport), meeting);
    meetingPlace.forget(TOKEN);
    meetingPlace.forget(TOKEN);
    assertEquals(meetingPlace.awaited, 1);
    const socket = await call(meeting, OTHER_TOKEN);
    (await deadline(other.promise, 10_000)).close();
    socket.close();
  });

  Deno.test(`[${transport}] who says nothing is turned away once nobody is awaited`, async () => {
    const meeting = meetingPlace.expect(TOKEN, () => {}, transport);
    const silent = await call(meeting, "a");
    // What comes after it has been accepted later, too.
    const stranger = await call(meeting, OTHER_TOKEN);
    assert(await isClosed(stranger));
    stranger.close();
    meetingPlace.forget(TOKEN);
    assert(await isClosed(silent));
    silent.close();
  });
}
