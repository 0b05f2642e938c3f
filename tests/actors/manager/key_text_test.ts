import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { checkKeyText, type Key, keyOfText, textOfKey } from "../../../actors/manager/key.ts";
import { whoActs } from "../../../channels/kernel/acting.ts";
import { ask } from "../../../channels/kernel/ask.ts";
import { passagesOf } from "../../../channels/kernel/handle.ts";
import { packPlain } from "../../../channels/kernel/pack.ts";
import { manage, ProtocolError } from "../../../mod.ts";

/** Of some of them a reader would read the same item again and again, and of the last one a number for seconds. */
const NO_KEYS = [
  "",
  "q",
  "i",
  "ix",
  "i1.5",
  "i0x10",
  "l:u",
  "lx",
  "lu",
  "l-3:",
  "l-2:x",
  "l0:",
  "l1:",
  "l5:su",
  "lNaN:u",
]
  .concat("l1:u-3:", "lInfinity:u", "l1e9:u", `i${"9".repeat(10_000_000)}`);
/** Each says a key that has another text. */
const OTHERS = ["n1.0", "n", "nx", "i01", "i-0", "l01:u", "l1.0:u", "txyz", "zz"];
const KEYS: readonly Key[] = ["", "a", "l-3:", 0, -0.5, NaN, Infinity, 0n, -(10n ** 99n), true, null, undefined, [], [
  [],
  ["a"],
]];

Deno.test("a text that is no key's is refused", () => {
  for (const key of KEYS) checkKeyText(textOfKey("test", key));
  for (const text of NO_KEYS) assertThrows(() => keyOfText(text), ProtocolError, "Cannot read a key");
  for (const text of [...NO_KEYS, ...OTHERS]) {
    assertThrows(() => checkKeyText(text), ProtocolError, "Cannot read a key");
  }
});

Deno.test("a bigint of 100,000 digits is a key, and one of more is none", () => {
  for (const sign of [1n, -1n]) {
    const most = sign * 10n ** 99_999n;
    const text = textOfKey("set in a dict", [most]);
    checkKeyText(text);
    assertEquals(keyOfText(text), [most]);
    assertThrows(
      () => textOfKey("set in a dict", [10n * most]),
      RangeError,
      "Cannot set in a dict: a bigint in a key has at most 100000 digits",
    );
    assertThrows(() => keyOfText(`${textOfKey("set in a dict", most)}0`), ProtocolError, "Cannot read a key");
  }
});

Deno.test("a request with a key that cannot be read sets nothing in a dict", async () => {
  await using manager = await manage({}, { placement: "inline" });
  const dict = await manager.dict<Key, number>();
  const set = await manager.set<Key>();
  await dict.set("a", 1);
  for (const { target } of [dict, set].map((face) => passagesOf(face)![0])) {
    const told = (verb: string, detail: string) =>
      ask(target, { holder: whoActs.holder(), verb, detail, body: packPlain(1), lost: () => new Error("lost") });
    for (const text of [...NO_KEYS, ...OTHERS]) {
      for (const verb of ["set", "add", "setDefault", "increment"]) {
        await assertRejects(() => told(verb, text), ProtocolError);
      }
      for (const verb of ["swap", "settle"]) await assertRejects(() => told(verb, `0 ${text}`), ProtocolError);
    }
  }
  assertEquals([await dict.keys(), await set.values()], [["a"], []]);
});
