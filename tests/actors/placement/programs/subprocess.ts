/** A program with one subprocess, whose audit of permissions goes to another file than the program's own. */
import { Process, task } from "@troupe/troupe";

function answer(): number {
  return 42;
}
task(import.meta.url, answer);

if (import.meta.main) {
  const p = new Process(answer, [], { placement: "process", env: { DENO_AUDIT_PERMISSIONS: "/dev/null" } });
  await p.start();
  console.log(await p.result);
}
