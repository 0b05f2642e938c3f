import { assert, assertEquals } from "@std/assert";
import { manage } from "../../mod.ts";
import { bounded } from "./process_everywhere.ts";
import { Program } from "./process_program.ts";

for (const group of [false, true]) {
  const whom = group ? "the whole process group" : "the program";

  // Its children are busy as those of a pool would be.
  bounded(
    `[BEAT-26] one SIGINT to ${whom} stops a manager and its busy children once, and what was written is kept`,
    async () => {
      const folder = Deno.makeTempDirSync({ prefix: "troupe-test-" });
      const store = `${folder}/state.db`;
      await using program = new Program("ctrl_c_manager", [store]);
      await program.said("ready");
      const began = performance.now();
      if (group) program.signalGroup("SIGINT");
      else program.signal("SIGINT");
      const { code, signal, out, err } = await program.ended();
      assert(performance.now() - began < 5000, "it took the whole grace");
      assertEquals([code, signal, err], [130, null, ""]);
      const count = (said: string) => program.lines.filter((line) => line === said).length;
      assertEquals(count("main: onExit"), 1, out);
      for (const name of ["thread", "process", "inline"]) assertEquals(count(`${name}: stopped`), 1, out);
      await program.leftNothing();
      await using manager = await manage({}, { store, placement: "inline" });
      const written = await (await manager.dict<string, number>({ name: "dict" })).snapshot();
      for (const [, name, n] of out.matchAll(/^(\w+): (\d+) are written$/gm)) {
        assert(written.get(name)! >= Number(n), `${name} has ${written.get(name)}, not ${n}`);
      }
      await manager.stop();
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["state.db"]);
      Deno.removeSync(folder, { recursive: true });
    },
  );
}
