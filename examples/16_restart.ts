// An actor hangs and is killed: its caller hears of that, and its supervisor starts it again. The README's second program.
// Threads:       deno run --allow-read=. examples/16_restart.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/16_restart.ts process
import { actor, child, supervise } from "@troupe/troupe";

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
  await using app = await supervise({ calculator: child(Calculator, [], { placement }) });
  const { calculator } = app.refs;
  console.log(await calculator.call.add(2, 40));
  const answer = calculator.call.hang().catch((error: Error) => error.message);
  console.log(await calculator.kill());
  console.log(await answer);
  console.log(await calculator.call.add(2, 40));
}

// Prints:
// 42
// { code: -9, signal: "SIGKILL", reason: "killed" }
// Cannot call Calculator.hang: Calculator has ended (killed by SIGKILL)
// 42
