/** A program whose child is a subprocess that may do nothing. It says a word by what it was handed, and computes for ever. */
import { Process, Queue, task } from "@troupe/troupe";

export async function spin(words?: Queue<string>): Promise<void> {
  if (words !== undefined) await words.put(await whatItMay());
  while (true);
}
task(import.meta.url, spin);

async function whatItMay(): Promise<string> {
  const kinds = ["read", "write", "net", "env", "run", "ffi", "sys", "import"] as const;
  const states = await Promise.all(kinds.map((name) => Deno.permissions.query({ name } as Deno.PermissionDescriptor)));
  const granted = kinds.filter((_, index) => states[index].state === "granted");
  return `may ${granted.join(", ") || "nothing"}`;
}

if (import.meta.main) {
  const words = new Queue<string>();
  const p = new Process(spin, [words], { placement: "process", permissions: "none" });
  await p.start();
  console.log(await words.get());
  await p.join();
}
