import { assertEquals, assertRejects } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { LoadedLater } from "../../actors/loaded_later.ts";

const context = new AsyncLocalStorage<string>();

Deno.test("code is loaded once, on nobody's behalf, and the actor that needed it goes on as itself", async () => {
  const seen: (string | undefined)[] = [];
  const later = new LoadedLater(() => {
    seen.push(context.getStore());
    return Promise.resolve("code");
  });
  assertEquals(later.loaded, undefined);
  await context.run("an actor", async () => {
    assertEquals(await later.load(), "code");
    assertEquals(context.getStore(), "an actor");
  });
  assertEquals([later.loaded, await later.load()], ["code", "code"]);
  assertEquals(seen, [undefined]);
});

Deno.test("code that could not be loaded is loaded when it is needed the next time", async () => {
  let tries = 0;
  const later = new LoadedLater(() => ++tries === 1 ? Promise.reject(new Error("no file")) : Promise.resolve("code"));
  await assertRejects(() => later.load(), Error, "no file");
  assertEquals(await later.load(), "code");
});
