// An object that lives in memory cannot be handed to a child: the error says so at once, and where it is. A queue can.
// Threads:       deno run --allow-read=. examples/09_not_serializable.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/09_not_serializable.ts process
import { NotSerializableError, Process, Queue, task } from "@troupe/troupe";

/** Keeps what it is given in this program's memory. */
class Results {
  items: string[] = [];
  put(item: string): void {
    this.items.push(item);
  }
}

async function work(report: { to: { put(item: string): unknown } }): Promise<void> {
  await report.to.put("done");
}
task(import.meta.url, work);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  try {
    await new Process(work, [{ to: new Results() }], { placement }).start();
  } catch (error) {
    if (!(error instanceof NotSerializableError)) throw error;
    console.log(error.message);
    console.log(`path: ${error.path}, kind: ${error.kind}`);
  }
  const results = new Queue<string>();
  const p = new Process(work, [{ to: results }], { placement });
  await p.start();
  console.log(await results.get());
  await p.join();
}

// Prints:
// Cannot send args[0].to: an instance of class Results cannot travel; give plain data or a handle
// path: args[0].to, kind: class Results
// done
