import { deadline } from "@std/async";
import { join } from "node:path";
import { type Connection, listen, type Listener } from "../../mod.ts";
import { Program } from "../program.ts";
import type { Answer, Job } from "./fixtures/remote_program.ts";

/** A program takes half a second to start, and more on a busy machine. */
const WITHIN_MS = 20_000;
const KEY = "swordfish";

/** The methods of a handle, as they are called at the other program. */
type There<H> = {
  [K in keyof H]: H[K] extends (...args: infer A) => unknown ? (...args: A) => Promise<Awaited<ReturnType<H[K]>>>
    : never;
};

/** Another program, connected by a socket. */
export class RemotePlace implements AsyncDisposable {
  readonly connection: Connection<Job, Answer>;
  readonly #listener: Listener;
  readonly #program: Program;
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  private constructor(listener: Listener, program: Program, connection: Connection<Job, Answer>) {
    this.#listener = listener;
    this.#program = program;
    this.connection = connection;
    // Its own end of the connection is closed at the end.
    void this.#read().catch(() => {});
  }

  static async start(): Promise<RemotePlace> {
    const listener = await listen<Job, Answer>(undefined, { authKey: KEY });
    const { path } = listener.address as { path: string };
    const file = join("tests", "conformance", "fixtures", "remote_program.ts");
    const program = new Program(`deno run -A --no-check ${file} ${path} ${KEY}`, WITHIN_MS);
    return new RemotePlace(listener, program, await deadline(listener.accept(), WITHIN_MS));
  }

  /** Uses a handle there. */
  use<H extends object>(handle: H): There<H> {
    return new Proxy({}, {
      get: (_, method) => (...args: unknown[]) => this.#ask(handle, method as string, args),
    }) as There<H>;
  }

  /** Calls one of the other program's functions. */
  // deno-lint-ignore no-explicit-any -- each function has another result
  call(name: string, ...args: unknown[]): Promise<any> {
    return this.#ask(undefined, name, args);
  }

  /** Ends it as nobody can help. */
  async kill(): Promise<void> {
    this.#program.kill("SIGKILL");
    for (const { reject } of this.#answers.values()) reject(new Error("The program was killed"));
    await this.#program.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
    await this.#program[Symbol.asyncDispose]();
    await this.#listener.close();
  }

  async #ask(on: unknown, method: string, args: readonly unknown[]): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#answers.set(id, answer);
    await this.connection.send({ id, on, method, args });
    return await answer.promise;
  }

  async #read(): Promise<void> {
    for await (const { id, value, error } of this.connection) {
      const answer = this.#answers.get(id)!;
      this.#answers.delete(id);
      if (error === undefined) answer.resolve(value);
      else answer.reject(error);
    }
  }
}
