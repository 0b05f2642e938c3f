import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { meetingPlace } from "../../../actors/placement/meeting_place.ts";
import type { Meeting } from "../../../actors/placement/process_config.ts";
import { ownTemporaryFolder } from "../../machine.ts";

const temporary = ownTemporaryFolder();
const TOKEN = "a".repeat(32);
const OTHER_TOKEN = "b".repeat(32);

async function call(meeting: Meeting, text: string): Promise<Deno.Conn> {
  const socket = meeting.transport === "unix"
    ? await Deno.connect({ transport: "unix", path: meeting.path })
    : await Deno.connect({ hostname: "127.0.0.1", port: meeting.port });
  await socket.write(new TextEncoder().encode(text));
  return socket;
}

/** Whether the other side has closed it. */
async function isClosed(socket: Deno.Conn): Promise<boolean> {
  return await deadline(socket.read(new Uint8Array(1)), 10_000) === null;
}

/** Awaits one caller, in a folder for temporary files of the test's choice. */
async function awaiting(
  test: (meeting: Meeting, arrived: Promise<Deno.Conn>) => Promise<void>,
  folder: string = temporary.path,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<Deno.Conn>();
  Deno.env.set("TMPDIR", folder);
  try {
    await test(meetingPlace.expect(TOKEN, resolve), promise);
  } finally {
    Deno.env.set("TMPDIR", temporary.path);
    meetingPlace.forget(TOKEN);
  }
  assertEquals(meetingPlace.awaited, 0);
  assertEquals(temporary.entries, []);
}

Deno.test("who shows the token arrives, by a Unix socket in a folder that is this user's alone", () =>
  awaiting(async (meeting, arrived) => {
    assert(meeting.transport === "unix");
    assertEquals(Deno.statSync(meeting.folder).mode! & 0o777, 0o700);
    const socket = await call(meeting, TOKEN);
    (await deadline(arrived, 10_000)).close();
    socket.close();
  }));

Deno.test("the token may come in pieces", () =>
  awaiting(async (meeting, arrived) => {
    const socket = await call(meeting, TOKEN.slice(0, 5));
    await socket.write(new TextEncoder().encode(TOKEN.slice(5)));
    (await deadline(arrived, 10_000)).close();
    socket.close();
  }));

for (
  const [what, folder] of [["is missing", "/nonexistent"], [
    "has too long a path",
    `${temporary.path}/${"x".repeat(120)}`,
  ]]
) {
  Deno.test(`where the folder for temporary files ${what} there is a port of this machine`, async () => {
    if (folder.startsWith(temporary.path)) Deno.mkdirSync(folder);
    let seen: string[] | undefined;
    const test = async (meeting: Meeting, arrived: Promise<Deno.Conn>) => {
      assert(meeting.transport === "tcp");
      const socket = await call(meeting, TOKEN);
      (await deadline(arrived, 10_000)).close();
      socket.close();
      if (folder.startsWith(temporary.path)) {
        seen = [...Deno.readDirSync(folder)].map(({ name }) => name);
        Deno.removeSync(folder);
      }
    };
    await awaiting(test, folder);
    assertEquals(seen ?? [], []);
  });
}

Deno.test("who shows a wrong token is turned away, and nobody else", () =>
  awaiting(async (meeting, arrived) => {
    const stranger = await call(meeting, OTHER_TOKEN);
    assert(await isClosed(stranger));
    stranger.close();
    const socket = await call(meeting, TOKEN);
    (await deadline(arrived, 10_000)).close();
    socket.close();
  }));

Deno.test("who says nothing is turned away once nobody is awaited", async () => {
  let silent: Deno.Conn | undefined;
  await awaiting(async (meeting) => {
    silent = await call(meeting, "a");
    // What comes after it has been accepted later, too.
    const stranger = await call(meeting, OTHER_TOKEN);
    assert(await isClosed(stranger));
    stranger.close();
  });
  assert(await isClosed(silent!));
  silent!.close();
});

Deno.test("the place stays open until the last who is awaited has come or is given up", async () => {
  const meeting = meetingPlace.expect(TOKEN, () => {});
  assertEquals(meetingPlace.expect(OTHER_TOKEN, () => {}), meeting);
  meetingPlace.forget(TOKEN);
  meetingPlace.forget(TOKEN);
  assertEquals([meetingPlace.awaited, temporary.entries.length], [1, 1]);
  meetingPlace.forget(OTHER_TOKEN);
  await Promise.resolve();
  assertEquals([meetingPlace.awaited, temporary.entries], [0, []]);
});

Deno.test("the folder stays for those who call each other, and a later meeting is in it", async () => {
  const folderOf = (meeting: Meeting) => meeting.transport === "unix" ? meeting.folder : undefined;
  const first = meetingPlace.expect(TOKEN, () => {});
  const family = meetingPlace.join();
  meetingPlace.forget(TOKEN);
  assertEquals([family?.folder, temporary.entries.length], [folderOf(first), 1]);
  const second = meetingPlace.expect(OTHER_TOKEN, () => {});
  assertEquals([folderOf(second), meetingPlace.join()], [family?.folder, family]);
  meetingPlace.leave();
  meetingPlace.leave();
  assertEquals(temporary.entries.length, 1);
  meetingPlace.forget(OTHER_TOKEN);
  await Promise.resolve();
  assertEquals(temporary.entries, []);
});
