// An actor is killed in the middle of a call; its supervisor starts it again, and the answer still comes. The README's
// second program.
// Threads:       deno run --allow-read=. examples/16_restart.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/16_restart.ts process
import { actor, child, supervise } from "@troupe/troupe";

class Adder {
  upTo(n: number): number {
    let sum = 0;
    for (let i = 1; i <= n; i++) sum += i;
    return sum;
  }
}
actor(import.meta.url, Adder);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  await using app = await supervise({ adder: child(Adder, [], { placement }) });
  const { adder } = app.refs;
  const answer = adder.with({ retries: 1 }).call.upTo(10_000_000);
  console.log(await adder.kill());
  console.log(await answer);
}

// Prints:
// { code: -9, signal: "SIGKILL", reason: "killed" }
// 50000005000000
