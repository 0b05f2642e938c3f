/**
 * Reads the report of another isolate, field by field into a new one: a hostile isolate may send anything, and nothing
 * but a report reaches the program that asked.
 *
 * @module
 */

import { oneLine } from "../../channels/kernel/escape.ts";
import { isNumber, isText, listOf, type Shape, withFields } from "../../channels/kernel/shape.ts";
import { isPlacement } from "../contact.ts";
import type { ActorReport, CallReport, LockReport, Part, Party, QueueReport } from "./report.ts";

const party = { address: isText, name: isText };
const isParty = withFields<Party>(party);
const isQueue = withFields<QueueReport>({
  address: isText,
  kind: isText,
  size: isNumber,
  maxSize: isNumber,
  putters: listOf(isParty),
  takers: listOf(isParty),
});
const isLock = withFields<LockReport>({
  address: isText,
  kind: isText,
  permits: isNumber,
  owners: listOf(isParty),
  waiters: listOf(withFields<LockReport["waiters"][number]>({ ...party, wait: isNumber })),
});
const isCall = withFields<CallReport>({ from: isParty, to: isParty, method: isText, ageMs: isNumber });
const isState: Shape<ActorReport["state"]> = (value): value is ActorReport["state"] =>
  value === "starting" || value === "running" || value === "stopping" || value === "busy";
const isActor: Shape<ActorReport> = withFields<ActorReport>({
  ...party,
  placement: isPlacement,
  state: isState,
  mailbox: isNumber,
  handled: isNumber,
  failed: isNumber,
  restarts: isNumber,
  busyMs: isNumber,
  children: (value) => listOf(isActor)(value),
});
const isPart = withFields<Part>({
  tree: isActor,
  queues: listOf(isQueue),
  locks: listOf(isLock),
  calls: listOf(isCall),
  places: listOf(isParty),
});

/**
 * The report of an isolate as a text, to be read by `partFrom`. In a text nothing lies in two places. A value may hold the
 * same object many times over, and to read it would take as long as there are ways to that object.
 */
export function partText(part: Part): string {
  return JSON.stringify(part);
}

/** A longer text of one with fewer rights is not taken apart: that might take long. */
const LONGEST_TEXT = 1024 * 1024;

/**
 * The reports that an answer consists of; undefined if it does not.
 *
 * @param isStranger whether it is of an isolate with fewer rights
 */
export function partFrom(text: unknown, isStranger: boolean = false): Part | undefined {
  if (isStranger && typeof text === "string" && text.length > LONGEST_TEXT) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text as string);
    if (typeof text !== "string" || !isPart(value)) return undefined;
  } catch {
    // It is no JSON, or nested too deep.
    return undefined;
  }
  const { tree, queues, locks, calls, places } = value;
  return {
    tree: actorFrom(tree),
    queues: queues.map(({ size, maxSize, putters, takers, ...queue }) => {
      return { ...whatFrom(queue), size, maxSize, putters: putters.map(partyFrom), takers: takers.map(partyFrom) };
    }),
    locks: locks.map(({ permits, owners, waiters, ...lock }) => ({
      ...whatFrom(lock),
      permits,
      owners: owners.map(partyFrom),
      waiters: waiters.map(({ wait, ...waiter }) => ({ ...partyFrom(waiter), wait })),
    })),
    calls: calls.map(({ from, to, method, ageMs }) => {
      return { from: partyFrom(from), to: partyFrom(to), method: oneLine(method), ageMs };
    }),
    places: places.map(partyFrom),
  };
}

function partyFrom({ address, name }: Party): Party {
  return { address: oneLine(address), name: oneLine(name) };
}

function whatFrom({ address, kind }: Pick<QueueReport, "address" | "kind">): Pick<QueueReport, "address" | "kind"> {
  return { address: oneLine(address), kind: oneLine(kind) };
}

function actorFrom(report: ActorReport): ActorReport {
  const { placement, state, mailbox, handled, failed, restarts, busyMs, children } = report;
  const { name, address } = partyFrom(report);
  const numbers = { mailbox, handled, failed, restarts, busyMs };
  return { name, address, placement, state, ...numbers, children: children.map(actorFrom) };
}
