/**
 * A manager's dict, used from a thread and from a subprocess, beside Python's `Manager().dict()` used from a process: the
 * same thing one at a time, in turns. The time is taken where the user is.
 *
 * @module
 */

import { manage, type PlacementName, spawn } from "../../mod.ts";
import { DictUser } from "./dict_user.ts";
import { type Alternative, quick } from "./harness.ts";
import { suite } from "./suite.ts";

const WITH_STORE = 64;

await suite(import.meta.main, async ({ compare, folder, python, stack }) => {
  const peer = await python("manager_peer.py");
  const manager = stack.use(await manage());
  const stored = stack.use(await manage({}, { store: `${folder()}/state.db` }));
  const dict = await manager.dict<string, number>();
  const onDisk = await stored.dict<string, number>({ name: "dict" });
  const user = async (placement: PlacementName) => stack.use(await spawn(DictUser, [], { placement }));
  const [thread, process] = [await user("thread"), await user("process")];
  const from = { "from a thread": thread, "from a subprocess": process };

  for (const name of ["set", "get", "increment", "update"] as const) {
    await compare({
      title: `Shared dict: ${name}, one at a time`,
      unhurried: name !== "set",
      show: "time",
      batch: 100,
      roundMs: quick ? 60 : 150,
      alternatives: [
        peer.alternative("Manager", name),
        ...Object.entries(from).map(([where, user]): Alternative => ({
          name: where,
          run: (count) => user.with({ timeoutMs: Infinity }).call[name](dict, count),
        })),
      ],
    });
  }

  await compare({
    title: `Shared dict: set, ${WITH_STORE} at a time, in memory and on disk`,
    unhurried: true,
    show: "rate",
    batch: 1000,
    alternatives: [
      peer.alternative("Manager, one at a time", "set"),
      ...Object.entries(from).flatMap(([where, user]): Alternative[] => {
        const { call } = user.with({ timeoutMs: Infinity });
        return [
          { name: where, run: (count) => call.setMany(dict, WITH_STORE, count) },
          { name: `${where}, on disk`, run: (count) => call.setMany(onDisk, WITH_STORE, count) },
          { name: `${where}, on disk, one by one`, run: (count) => call.setMany(onDisk, 1, count) },
        ];
      }),
    ],
  });
});
