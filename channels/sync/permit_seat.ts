import { DisconnectedError, TimeoutError } from "../errors.ts";
import { ask, type Question, tell } from "../kernel/ask.ts";
import { isCell, type Target } from "../kernel/cell.ts";
import type { Holder } from "../kernel/holder.ts";
import { isolate } from "../kernel/isolate.ts";
import { EMPTY_PACKET } from "../kernel/packet.ts";
import { type Patience, patience } from "../kernel/wait.ts";
import { notOwner } from "./permit_cell.ts";
import { type Permit, type PermitWords, SPARE } from "./permit_words.ts";
import { checkStop } from "./stop_word.ts";

/** One who waits synchronously looks up this often, to see whether it has been asked to stop. */
const SLICE_MS = 50;

const FOR_EVER: Patience = patience("acquire a lock", undefined);

/**
 * What one actor has of one lock or semaphore, however many handles it has to it. Where the memory is shared, taking a
 * permit that is free and giving one back that nobody waits for is done here, without a message.
 */
export class PermitSeat {
  /** What it has now, in the order of taking. */
  readonly held: Permit[] = [];
  /** How often the owner of a re-entrant lock has entered it again. */
  depth = 0;
  /** The acquisition of a re-entrant lock that is under way, which others of the same actor wait for. */
  entering: Promise<unknown> | undefined;
  readonly #target: Target;
  readonly #holder: Holder;
  readonly #words: PermitWords | undefined;
  readonly #number: number;
  readonly #title: string;

  constructor(title: string, target: Target, holder: Holder, words: PermitWords | undefined, number: number) {
    this.#title = title;
    this.#target = target;
    this.#holder = holder;
    this.#words = words;
    this.#number = number;
  }

  /** Takes a permit, waiting for one. */
  async acquire(wait: Patience): Promise<Permit> {
    const permit = this.#takeFree() ?? (wait.once ? await this.tryAcquire() : await this.#ask("acquire", wait));
    if (permit === undefined) throw this.#late(wait.timeoutMs);
    return permit;
  }

  /** Takes a permit if one is free now and nobody waits. */
  async tryAcquire(): Promise<Permit | undefined> {
    return this.#takeFree() ?? await this.#ask("tryAcquire");
  }

  /** The same, blocking this thread. */
  acquireSync(wait: Patience): Permit {
    const words = this.#assertSync("acquire");
    const permit = this.#takeFree();
    if (permit !== undefined) return permit;
    if (wait.once) throw this.#late(wait.timeoutMs);
    // A number of its own: so the home's gift to this wait is never taken for anything else that this actor has.
    const number = words.nextNumber();
    this.#tell("acquireSync", number, SPARE);
    void isolate.flush();
    const deadline = performance.now() + wait.timeoutMs;
    try {
      while (true) {
        const { bell } = words;
        const given = words.given(number);
        if (given !== undefined) return this.#note(given);
        checkStop(`acquire a ${this.#title}`);
        const left = deadline - performance.now();
        if (left <= 0) throw this.#late(wait.timeoutMs);
        words.sleep(bell, Math.min(SLICE_MS, left));
      }
    } catch (error) {
      this.#tell("cancelSync", number, SPARE);
      throw error;
    }
  }

  /** Gives a permit back; resolves when that is certain. */
  async release(permit: Permit | undefined): Promise<void> {
    if (permit !== undefined && this.#words !== undefined && permit.index !== SPARE) return this.releaseSync(permit);
    this.#forget(permit);
    const { number, index } = permit ?? { number: 0, index: SPARE };
    const lost = () => new DisconnectedError(`Cannot release a ${this.#title}: its home is gone`);
    await ask(this.#target, { holder: this.#holder, verb: "release", detail: `${number} ${index}`, lost });
  }

  /** Gives a permit back without waiting for anything. */
  releaseSync(permit: Permit): void {
    if (!this.#forget(permit)) throw notOwner(this.#title);
    const { number, index } = permit;
    const words = this.#words;
    if (words === undefined || index === SPARE) return this.#tell("release", number, index);
    if (words.contended) return this.#tell("handOver", number, index);
    words.free(index, number);
    // Somebody may have begun to wait between the two lines above.
    if (words.contended) this.#tell("kick", number, index);
  }

  /** @throws {TypeError} If waiting here would block the one who has to answer, or the memory is not shared. */
  #assertSync(action: string): PermitWords {
    if (isCell(this.#target)) {
      throw new TypeError(
        `Cannot ${action} a ${this.#title} synchronously: its home is this thread, which would wait for itself`,
      );
    }
    if (this.#words !== undefined) return this.#words;
    throw new TypeError(`Cannot ${action} a ${this.#title} synchronously: its memory is not shared with this process`);
  }

  #takeFree(): Permit | undefined {
    if (this.#words === undefined || this.#words.contended) return undefined;
    const permit = this.#words.take(this.#number);
    return permit && this.#note(permit);
  }

  /** Gives up what it has, and gives what takes it again: the same, for all who have a guard of it. */
  async suspend(): Promise<() => Promise<void>> {
    const permit = this.held.at(-1);
    if (permit === undefined) throw notOwner(this.#title);
    const { depth } = this;
    this.depth = 0;
    await this.release(permit);
    return async () => {
      const again = await this.acquire(FOR_EVER);
      this.held.splice(this.held.indexOf(again), 1, Object.assign(permit, again));
      this.depth = depth;
    };
  }

  #note(permit: Permit): Permit {
    this.held.push(permit);
    return permit;
  }

  #forget(permit: Permit | undefined): boolean {
    const at = permit === undefined ? -1 : this.held.indexOf(permit);
    if (at >= 0) this.held.splice(at, 1);
    return at >= 0;
  }

  async #ask(verb: string, wait?: Patience): Promise<Permit | undefined> {
    let permit: Permit | undefined;
    const question: Question = {
      holder: this.#holder,
      verb,
      detail: `${this.#number} ${SPARE}`,
      lost: () => new DisconnectedError(`Cannot acquire a ${this.#title}: its home is gone`),
      late: (timeoutMs) => this.#late(timeoutMs),
      tagged: (_tag, value) => {
        const [index, number, abandoned] = value as [number, number, boolean];
        permit = this.#note({ index, number, abandoned });
      },
    };
    await ask(this.#target, wait === undefined ? question : { ...question, wait });
    return permit;
  }

  #tell(verb: string, number: number, index: number): void {
    tell(this.#target, this.#holder, verb, `${number} ${index}`, EMPTY_PACKET);
  }

  #late(timeoutMs: number): TimeoutError {
    return new TimeoutError(`Cannot acquire a ${this.#title}: it was not free for ${timeoutMs} ms`, { timeoutMs });
  }
}
