/**
 * What Deno's own OpenTelemetry measures of each isolate, where it was told to (`OTEL_DENO=true`): how full mailboxes and
 * queues are, and how often supervised children were started again.
 *
 * @module
 */

import { listing } from "../channels/kernel/listed.ts";
import { singleton } from "../channels/kernel/singleton.ts";
import { Actor } from "./actor.ts";
import { hasMainActor, mainActor } from "./context.ts";
import { restartsOf } from "./inspection/restarts.ts";
import { tracing } from "./tracing.ts";

interface Gauge {
  addCallback(observe: (observed: Observed) => void): void;
}

interface Observed {
  observe(value: number, attributes: Record<string, string>): void;
}

interface Meters {
  readonly meterProvider: {
    getMeter(name: string): { createObservableGauge(name: string, options: { description: string }): Gauge };
  };
}

// Once for an isolate, however many copies of this module it has.
if (tracing !== undefined) singleton("gauges", start);

function start(): true {
  const meter = (Deno as unknown as { telemetry: Meters }).telemetry.meterProvider.getMeter("troupe");
  const gauge = (name: string, description: string, observe: (observed: Observed) => void) =>
    meter.createObservableGauge(name, { description }).addCallback(observe);
  gauge("troupe.mailbox.depth", "Messages that wait for an actor", (observed) => {
    for (const { name, address, loopIfAny: loop } of actorsHere()) {
      observed.observe(loop?.inbox.size ?? 0, { "troupe.actor": name, "troupe.address": address });
    }
  });
  gauge("troupe.actor.restarts", "How often a supervisor has started an actor again", (observed) => {
    for (const { children } of actorsHere()) {
      for (const child of children) {
        const restarts = restartsOf(child);
        if (restarts > 0) observed.observe(restarts, { "troupe.actor": child.name });
      }
    }
  });
  gauge("troupe.queue.size", "Items that wait in a queue", (observed) => {
    for (const cell of listing) {
      const { queue } = cell.report();
      if (queue !== undefined) observed.observe(queue.size, { "troupe.address": queue.address });
    }
  });
  return true;
}

/** The isolate's main actor, and those who live beside it. */
function* actorsHere(): Generator<Actor> {
  const actors = hasMainActor() ? [mainActor()] : [];
  for (let actor = actors.shift(); actor !== undefined; actor = actors.shift()) {
    yield actor;
    for (const child of actor.children) if (child instanceof Actor) actors.push(child);
  }
}
