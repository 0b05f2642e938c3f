/** A program whose child is a subprocess that may do nothing and computes for ever. It prints the child's number. */
import { Process, task } from "@troupe/troupe";

export function spin(): void {
  while (true);
}
task(import.meta.url, spin);

if (import.meta.main) {
  const p = new Process(spin, [], { placement: "process", permissions: "none" });
  await p.start();
  console.log(p.pid);
  await p.join();
}
