// An actor hangs in an endless loop and is killed: the call that waited for it settles. The second one of the README.
// Threads:       deno run --allow-read=. examples/16_kill.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/16_kill.ts process
import { actor, spawn } from "@troupe/troupe";

class Calculator {
  add(a: number, b: number): number {
    return a + b;
  }
  hang(): never {
    while (true);
  }
}
actor(import.meta.url, Calculator);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  const calculator = await spawn(Calculator, [], { placement });
  console.log(await calculator.call.add(2, 40));
  const answer = calculator.call.hang().catch((error: Error) => error.message);
  console.log(await calculator.kill());
  console.log(await answer);
}

// Prints:
// 42
// { code: -9, signal: "SIGKILL", reason: "killed" }
// Cannot call Calculator-1.hang: Calculator-1 has ended (killed by SIGKILL)
