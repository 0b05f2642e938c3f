/** Reading, showing and checking any bytes of a stranger and any objects of a user ends in time, and harms nothing. */
import { assert } from "@std/assert";
import { delay } from "@std/async";
import { exitFrom } from "../../channels/exit.ts";
import { decode } from "../../channels/kernel/codec/decode.ts";
import { encode, encodeThrown } from "../../channels/kernel/codec/encode.ts";
import { brief, reasonOf, show } from "../../channels/kernel/show.ts";
import { describeExit, failedBy } from "../../actors/exited.ts";
import { NotSerializableError, ProtocolError } from "../../mod.ts";
import { Chance } from "../chance.ts";
import { HOSTILE } from "../conformance/fixtures/hostile_values.ts";
import { firstSeed, rounds } from "../soak.ts";
import { HostileBytes } from "./hostile_bytes.ts";
import { assertHarmless, assertKeepsPromises, inTime, underAttack } from "./witness.ts";

const CASES = rounds(10_000, 3_000_000);
const SEED = firstSeed(20_261_130);
const MAKERS = Object.values(HOSTILE);

Deno.test(`${CASES} hostile values are read, shown and sent in time, and harm nothing (seed ${SEED})`, () =>
  underAttack(async () => {
    const chance = new Chance(SEED);
    const bytes = new HostileBytes(chance);
    for (let n = 0; n < CASES; n++) {
      // deno-lint-ignore require-await -- a step may be anything
      await inTime("a value", async () => {
        const isExit = chance.oneIn(4);
        const isOwn = !isExit && chance.oneIn(30);
        const value = isOwn ? mixed(chance) : read(isExit ? new Uint8Array(bytes.exit()) : bytes.body());
        // A user's own value may be anything; one that has arrived is as it must be.
        if (!isOwn) assertKeepsPromises(value);
        look(value, isOwn);
        const exit = isExit ? exitFrom(value) : failedBy(value);
        if (exit !== undefined) {
          assertHarmless(describeExit(exit));
          assertKeepsPromises(exit.error);
          look(exit.error, false);
        }
      });
      if (n % 1000 === 0) await delay(0);
    }
  }));

/** Objects of a user's own, within others, so often that what is shared is a bomb. */
function mixed(chance: Chance): unknown {
  let value = chance.one(MAKERS)();
  for (let level = chance.below(7); level > 0; level--) {
    const below = value;
    value = chance.one<() => unknown>([
      () => Array.from({ length: 1 + chance.below(100) }, () => below),
      () => ({ below, other: below }),
      () => new Map([[below, below]]),
      () => Object.assign(new Error("level", { cause: below }), { name: below }),
    ])();
  }
  return value;
}

/** The value that some bytes say. */
function read(bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch (error) {
    assert(error instanceof ProtocolError, `it is ${error}`);
    return error;
  }
}

function look(value: unknown, isOwn: boolean): void {
  for (const text of [show(value), brief(value), reasonOf(value)]) assertHarmless(text);
  const thrown = decode(encodeThrown(value));
  assertKeepsPromises(thrown);
  assertHarmless(show(thrown));
  try {
    encode(value, "value");
  } catch (error) {
    // An error of a user's own trap or getter is for its maker to see.
    if (isOwn) return;
    assert(error instanceof NotSerializableError, `it is ${error}`);
    assertHarmless(error.message);
  }
}
