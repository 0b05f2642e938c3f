// A web service whose handlers call actors that compute, while these are killed: not one request fails of that.
// Threads:       deno run --allow-read=. --allow-net=127.0.0.1 examples/15_service.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1 examples/15_service.ts process
import { actor, child, supervise } from "@troupe/troupe";

class Primes {
  below(limit: number): number {
    let primes = 0;
    for (let n = 2; n < limit; n++) if (isPrime(n)) primes++;
    return primes;
  }
}
actor(import.meta.url, Primes);

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  const primes = () => child(Primes, [], { placement });
  await using app = await supervise({ one: primes(), two: primes() }, { maxRestarts: 100 });
  const actors = [app.refs.one, app.refs.two];

  // The service. A call that dies with its actor is made again, to the actor's next life.
  let turn = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const limit = Number(new URL(request.url).searchParams.get("below"));
    const primes = actors[turn++ % actors.length];
    return Response.json(await primes.with({ retries: 5, timeoutMs: 10_000 }).call.below(limit));
  });

  // The load: eight clients, and every tenth request an actor is killed.
  const url = `http://127.0.0.1:${server.addr.port}/?below=100000`;
  let [asked, kills] = [0, 0];
  const answers = new Map<string, number>();
  const client = async () => {
    while (asked++ < 100) {
      if (asked % 10 === 0) void actors[kills++ % actors.length].kill();
      const response = await fetch(url);
      const answer = `${response.status} ${await response.text()}`;
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  console.log(`killed ${kills} times`);
  for (const [answer, times] of answers) console.log(`${times} times ${answer}`);
}

// Prints:
// killed 10 times
// 100 times 200 9592
