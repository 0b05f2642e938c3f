import { Cell } from "../kernel/cell.ts";
import { Deque } from "../kernel/deque.ts";
import { type Holder, Lease } from "../kernel/holder.ts";
import { noSuchRequest, type Request } from "../kernel/request.ts";
import { EMPTY_PACKET } from "../kernel/packet.ts";

/** One who waits: enlisted before it releases the lock, so that no notification after that can miss it. */
interface Waiter {
  readonly ticket: number;
  readonly lease: Lease;
  request: Request | undefined;
  notified: boolean;
}

/** The home of a condition. */
export class ConditionCell extends Cell {
  readonly #waiters = new Map<number, Waiter>();
  /** Those of them that were not notified, in the order in which they will be. */
  readonly #asleep = new Deque<Waiter>();
  #lastTicket = 0;

  /** Who waits, those first who will be woken first. */
  get waiting(): Holder[] {
    return [...this.#asleep].map(({ lease }) => lease.holder);
  }

  override takesCast(verb: string): boolean {
    return verb === "leave";
  }

  receive(request: Request): void {
    const { detail, from } = request;
    switch (request.verb) {
      case "enlist":
        return request.reply(this.#enlist(from));
      case "await":
        return this.#await(request, this.#ticketOf(request));
      case "leave":
        return this.#leave(this.#ticketOf(request));
      case "notify":
        this.#notify(Number(detail));
        return request.reply();
      default:
        request.throw(noSuchRequest("a condition", request.verb));
    }
  }

  /** The ticket that a request names, if it is the asker's own; 0, which nobody has, if not. */
  #ticketOf({ detail, from }: Request): number {
    const ticket = Number(detail);
    return this.#waiters.get(ticket)?.lease.holder === from ? ticket : 0;
  }

  #enlist(holder: Holder): number {
    const ticket = ++this.#lastTicket;
    const lease = new Lease(holder, () => this.#leave(ticket));
    const waiter = { ticket, lease, request: undefined, notified: false };
    this.#waiters.set(ticket, waiter);
    this.#asleep.push(waiter);
    return ticket;
  }

  #await(request: Request, ticket: number): void {
    const waiter = this.#waiters.get(ticket);
    if (waiter === undefined) return request.lose();
    waiter.request = request;
    request.onCancel = () => this.#leave(ticket);
    if (waiter.notified) this.#wake(waiter);
  }

  /** A waiter is gone. What had woken it wakes another. */
  #leave(ticket: number): void {
    const waiter = this.#waiters.get(ticket);
    if (waiter === undefined) return;
    this.#waiters.delete(ticket);
    waiter.lease.end();
    if (waiter.notified) this.#notify(1);
    else this.#asleep.remove(waiter);
  }

  #notify(count: number): void {
    for (let left = Math.min(count, this.#asleep.size); left > 0; left--) {
      const waiter = this.#asleep.shift();
      if (waiter === undefined) return;
      waiter.notified = true;
      if (waiter.request !== undefined) this.#wake(waiter);
    }
  }

  #wake(waiter: Waiter): void {
    waiter.request!.offer(EMPTY_PACKET, waiter.ticket, (kept) => {
      if (!kept) return this.#leave(waiter.ticket);
      this.#waiters.delete(waiter.ticket);
      waiter.lease.end();
    });
  }
}
