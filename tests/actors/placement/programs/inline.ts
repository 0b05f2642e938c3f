/** A program whose child lives in the program's own isolate. */
import { Process, task } from "@troupe/troupe";

function answer(): number {
  return 42;
}
task(import.meta.url, answer);

if (import.meta.main) {
  const p = new Process(answer, [], { placement: "inline" });
  await p.start();
  console.log(await p.result);
}
