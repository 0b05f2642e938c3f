import { makeSecret } from "../../channels/kernel/address.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import type { Link } from "../../channels/kernel/link.ts";
import { BoundedLink } from "../../channels/link/bounded_link.ts";
import { writeBytes } from "../../channels/link/socket_bytes.ts";
import { hangUp, OWN_PROCESS, SocketLink } from "../../channels/link/socket_link.ts";
import { meetingPlace } from "./meeting_place.ts";
import { greetingOf, type Invitation, type Meeting, type ProcessConfig } from "./process_config.ts";

/**
 * The two sockets by which a subprocess calls its parent: the link, and one on which nothing is said. The system closes
 * both when the parent is dead, and its watchdog waits for that on the second one.
 */
export class ChildSockets {
  /** The link to it, once it has called and been told what it is; rejects when it ends before that. */
  readonly link: Promise<Link>;
  readonly invitation: Invitation;
  /** What it is told when it has called; to be set before it can have. */
  config!: ProcessConfig;
  readonly #called = Promise.withResolvers<Link>();
  #greeted: Promise<void> = Promise.resolve();
  #link: OwnLink | BoundedLink | undefined;
  #watch: Deno.Conn | undefined;
  #ended = false;

  constructor(transport: Meeting["transport"]) {
    const [token, answer, watchToken] = [makeSecret(), makeSecret(), makeSecret()];
    this.link = this.#called.promise;
    this.link.catch(() => {});
    const greet = (socket: Deno.Conn) => this.#greeted = this.#greet(socket, answer);
    const meeting = meetingPlace.expect(token, greet, transport);
    meetingPlace.expect(watchToken, (socket) => this.#watch = socket, transport);
    this.invitation = { meeting, token, answer, watchToken };
  }

  /** Nobody is awaited any more. */
  forget(): void {
    meetingPlace.forget(this.invitation.token);
    meetingPlace.forget(this.invitation.watchToken);
  }

  /** The subprocess has ended, as the error says. Resolves when everything has been read that it sent. */
  async end(error: Error): Promise<void> {
    this.#ended = true;
    this.forget();
    this.#called.reject(error);
    if (this.#watch !== undefined) hangUp(this.#watch);
    await this.#greeted;
    this.#link?.flow();
    await this.#link?.over;
  }

  async #greet(socket: Deno.Conn, answer: string): Promise<void> {
    try {
      await writeBytes(socket, greetingOf(answer, this.config));
    } catch {
      // It is dead, as will be told.
      return hangUp(socket);
    }
    if (this.#ended) return hangUp(socket);
    // Reading from a child keeps no program alive; who waits for something does.
    socket.unref();
    const { id, limits } = this.config;
    this.#link = limits === undefined
      ? new OwnLink(socket, OWN_PROCESS)
      : BoundedLink.toSandbox(socket, id, limits, () => isolate.held(id));
    this.#called.resolve(this.#link);
  }
}

/** A socket link that can be waited for to its end: a dead process may have sent more than has been read. */
class OwnLink extends SocketLink {
  readonly #over = Promise.withResolvers<void>();

  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** It waits for nobody anyway. */
  flow(): void {}

  override start(listener: Parameters<SocketLink["start"]>[0]): void {
    super.start({
      frame: (frame) => listener.frame(frame),
      closed: (error) => {
        this.#over.resolve();
        listener.closed(error);
      },
    });
  }
}
