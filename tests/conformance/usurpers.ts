/** Those with fewer rights than this program, in every way in which they can reach it. */

import { deadline } from "@std/async";
import { accounts } from "../../channels/kernel/account.ts";
import type { Address } from "../../channels/kernel/address.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { decode } from "../../channels/kernel/codec/decode.ts";
import type { Item, Reply } from "../../channels/kernel/envelope.ts";
import { decodeFrame } from "../../channels/kernel/frame.ts";
import type { Frame } from "../../channels/kernel/link.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { plainPacket } from "../../channels/kernel/packet.ts";
import { checkQuota } from "../../channels/quota.ts";
import { type QuotaOptions, type Ref, spawn } from "../../mod.ts";
import { TestLink } from "../channels/kernel/test_link.ts";
import { boundedWithChildren } from "./bounded.ts";
import { addressBehind, complete, type Forged, handingOn, Usurper } from "./fixtures/usurper.ts";
import { Place, prepare } from "./place.ts";

export { type Forged, HOME, SELF } from "./fixtures/usurper.ts";

/** One of them, whose kernel the test speaks for. */
export interface Stranger {
  /** What it is called here. */
  readonly id: string;
  /** Sends envelopes about a handle; resolves when the handle's home has dealt with them. */
  forge(handle: object, envelopes: readonly Forged[]): Promise<void>;
  /** Asks the cell behind a handle as the actor in that slot, and tells what the answer was. */
  ask(handle: object, verb: string, detail?: string, slot?: number): Promise<string>;
  /** Puts a handle into a queue so often, each time with another number in the memory of what the handle is of. */
  handOn(queue: object, handle: object, most: number): Promise<void>;
  /** Ends it as nobody can help. */
  kill(): Promise<void>;
}

/** The ways: a link that is the test's own, a subprocess without permissions, another program. */
export const STRANGERS = ["link", "sandbox", "peer"] as const;
/** See `STRANGERS`. */
export type StrangerKind = typeof STRANGERS[number];

/** Registers a test for each kind of stranger. */
export function eachStranger(
  name: string,
  test: (stranger: Stranger) => Promise<void>,
  kinds: readonly StrangerKind[] = STRANGERS,
): void {
  if (kinds.includes("peer")) prepare(["remote"]);
  for (const kind of kinds) {
    boundedWithChildren(`${name} (${kind})`, async () => {
      const stranger = await startStranger(kind);
      await test(stranger);
      await stranger.kill();
    }, 60_000);
  }
}

/**
 * A stranger that can be used until it is killed.
 *
 * @param quota how much it may have this program keep for it; of a peer its connection says so
 * @param program where a peer lives
 */
export async function startStranger(
  kind: StrangerKind,
  quota?: QuotaOptions,
  program: { spawn: Place["spawn"] } = new Place("remote"),
): Promise<Stranger> {
  if (kind === "link") return new LinkStranger(quota);
  const options = { concurrency: 64 } as const;
  if (kind === "peer") return new ActorStranger(await program.spawn(Usurper, [], options));
  const start = { ...options, quota, placement: "process", permissions: "none", startTimeoutMs: 30_000 } as const;
  return new ActorStranger(await spawn(Usurper, [], start));
}

/** A link that keeps nothing of what is sent by it but the answer to the last question. */
class AskingLink extends TestLink {
  asked = 0;
  answer: Reply | Item | undefined;

  override send(frame: Frame): void {
    const envelope = decodeFrame(frame);
    if ((envelope.kind === "reply" || envelope.kind === "item") && envelope.id === this.asked) this.answer = envelope;
  }
}

/** A child that is nothing but a link. */
class LinkStranger implements Stranger {
  readonly id = isolate.nextChildId("sandbox");
  readonly link = new AskingLink();
  #lastId = 1_000_000;

  constructor(quota?: QuotaOptions) {
    accounts.limit(this.id, checkQuota("start a stranger", quota));
    isolate.addChild(this.id, this.link, () => {});
  }

  async forge(handle: object, envelopes: readonly Forged[]): Promise<void> {
    for (const told of envelopes) this.link.receive(complete(told, addressBehind(handle), this.id));
    await turns();
  }

  async ask(handle: object, verb: string, detail = "", slot = 1): Promise<string> {
    const id = ++this.#lastId;
    const address: Address = addressBehind(handle);
    this.link.asked = id;
    this.link.receive(complete({ kind: "send", id, holder: slot, verb, detail }, address, this.id));
    for (const end = performance.now() + 5000; performance.now() < end; await turns()) {
      const { answer } = this.link;
      if (answer?.id !== id) continue;
      if (answer.kind === "item") {
        this.link.receive({
          kind: "taken",
          to: isolate.id,
          from: this.id,
          id,
          kept: true,
          body: plainPacket(encode(0, "")),
        });
      } else if (answer.outcome === "lost") return "Error: lost";
      const { bytes } = answer.body;
      const value = bytes.length === 0 ? undefined : decode(bytes);
      return answer.kind === "reply" && answer.outcome === "thrown" ? `${value}` : Deno.inspect(value);
    }
    return "TimeoutError";
  }

  async handOn(queue: object, handle: object, most: number): Promise<void> {
    for (const envelope of handingOn(queue, handle, most, this.id)) this.link.receive(envelope);
    await turns();
  }

  async kill(): Promise<void> {
    isolate.down(this.id, { code: -9, signal: "SIGKILL", reason: "killed" });
    await turns();
  }
}

/** An actor of a subprocess or another program. */
class ActorStranger implements Stranger {
  readonly id: string;

  constructor(readonly ref: Ref<Usurper>) {
    this.id = ref.address.split("#")[0];
  }

  async forge(handle: object, envelopes: readonly Forged[]): Promise<void> {
    // What comes after them by the same way has been dealt with when this is answered.
    await this.ref.call.forge(handle, envelopes);
  }

  async ask(handle: object, verb: string, detail = "", slot = 1): Promise<string> {
    return await deadline(this.ref.with({ timeoutMs: 10_000 }).call.ask(handle, verb, detail, slot), 10_000);
  }

  async handOn(queue: object, handle: object, most: number): Promise<void> {
    await this.ref.call.handOn(queue, handle, most);
  }

  async kill(): Promise<void> {
    await this.ref.kill();
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
