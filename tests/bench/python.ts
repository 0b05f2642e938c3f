/** A Python program beside us that does what a line on its standard input says, and then says so. */
export interface PythonPeer extends AsyncDisposable {
  run(what: string, count: number): Promise<void>;
}

/** Starts a program of this folder; undefined, with a word about it, where there is no `python3`. */
export async function python(name: string): Promise<PythonPeer | undefined> {
  let child: Deno.ChildProcess;
  try {
    const args = [`${import.meta.dirname!}/${name}`];
    child = new Deno.Command("python3", { args, stdin: "piped", stdout: "piped" }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("python3 is not there, and so is no peer.");
    return undefined;
  }
  const stdin = child.stdin.getWriter();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  /** Each line is one answer to one order: it comes in one piece or more, and nothing behind it. */
  const heard = async () => {
    for (let read = ""; !read.endsWith("\n");) {
      const { done, value } = await lines.read();
      if (done) throw new Error(`${name} has ended`);
      read += value;
    }
  };
  await heard();
  return {
    async run(what, count) {
      await stdin.write(new TextEncoder().encode(`${what} ${count}\n`));
      await heard();
    },
    async [Symbol.asyncDispose]() {
      await stdin.close();
      await lines.cancel();
      await child.status;
    },
  };
}
