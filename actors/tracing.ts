/**
 * Spans of calls, by Deno's own OpenTelemetry. The caller makes one, the handler of the call another, and they are
 * of one tree, since the first one's identity travels with the message.
 *
 * @module
 */

import { isA } from "../channels/kernel/look.ts";
import { brief, reasonOf } from "../channels/kernel/show.ts";
import { singleton } from "../channels/kernel/singleton.ts";

/** What is used of the spans that Deno makes. */
interface Span {
  spanContext(): SpanContext;
  recordException(error: unknown): void;
  setStatus(status: { code: number; message?: string }): void;
  end(): void;
}

interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote?: boolean;
}

interface Context {
  setValue(key: symbol, value: unknown): Context;
}

interface Telemetry {
  readonly tracerProvider: { getTracer(name: string): Tracer };
  readonly contextManager: { active(): Context; with<T>(context: Context, body: () => T): T };
}

interface Tracer {
  startSpan(name: string, options: { kind: number; attributes: Record<string, string> }, context?: Context): Span;
}

/** Which side of a message a span is about, as OpenTelemetry numbers them. */
const KIND = { handlesCall: 1, calls: 2, casts: 3, handlesCast: 4 };
const FAILED = 2;
/** Under which a context has its span: OpenTelemetry's own key, which is the same for every copy of its API. */
const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");
/** Version, trace, span and flags, as the W3C writes them. */
const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** A message on its way, as a trace shows it. */
export interface Sent {
  /** What travels with the message. */
  readonly trace: string;
  /** There is an answer; of a cast there is none, and sending it was all. */
  end(failure?: { readonly thrown: unknown }): void;
}

/** Makes spans. */
export class Tracing {
  readonly #telemetry: Telemetry;
  readonly #tracer: Tracer;

  constructor(telemetry: Telemetry, tracer: Tracer) {
    this.#telemetry = telemetry;
    this.#tracer = tracer;
  }

  /** Notes that a message is sent, on behalf of whatever runs. */
  sent(title: string, address: string, kind: "calls" | "casts"): Sent {
    const span = this.#tracer.startSpan(title, { kind: KIND[kind], attributes: { "troupe.address": address } });
    const { traceId, spanId, traceFlags } = span.spanContext();
    return {
      trace: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
      end: (failure) => endSpan(span, failure),
    };
  }

  /** Handles a message that came with `trace`: what that does is noted as done for it. */
  handle<T>(title: string, trace: string | undefined, kind: "handlesCall" | "handlesCast", body: () => T): T {
    const { contextManager } = this.#telemetry;
    const options = { kind: KIND[kind], attributes: {} };
    const span = this.#tracer.startSpan(title, options, withSpan(contextManager.active(), remoteSpan(trace)));
    try {
      const result = contextManager.with(withSpan(contextManager.active(), span), body);
      if (!isA(result, Promise)) span.end();
      else void result.then(() => span.end(), (thrown) => endSpan(span, { thrown }));
      return result;
    } catch (thrown) {
      endSpan(span, { thrown });
      throw thrown;
    }
  }
}

function withSpan(context: Context, span: unknown): Context {
  return context.setValue(SPAN_KEY, span);
}

/** The sender's span, as far as one here can be a child of it. */
function remoteSpan(trace: string | undefined): Pick<Span, "spanContext"> | undefined {
  const [, traceId, spanId, flags] = TRACE_PARENT.exec(trace ?? "") ?? [];
  if (traceId === undefined) return undefined;
  return { spanContext: () => ({ traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true }) };
}

function endSpan(span: Span, failure: { readonly thrown: unknown } | undefined): void {
  if (failure !== undefined) {
    const { thrown } = failure;
    // As a text: the tracer would read fields of the error, and a getter may throw.
    span.recordException(brief(thrown));
    span.setStatus({ code: FAILED, message: reasonOf(thrown) });
  }
  span.end();
}

/** This isolate's; undefined unless Deno was told to trace (`OTEL_DENO=true`): then nothing of it costs anything. */
export const tracing: Tracing | undefined = singleton("tracing", () => ({ it: start() })).it;

function start(): Tracing | undefined {
  const { telemetry } = Deno as unknown as { telemetry?: Telemetry };
  if (telemetry === undefined) return undefined;
  try {
    const tracer = telemetry.tracerProvider.getTracer("troupe");
    // One that is never ended is never shown. Without being told to trace, Deno refuses it, and asking the environment
    // would take a permission.
    tracer.startSpan("probe", { kind: 0, attributes: {} });
    return new Tracing(telemetry, tracer);
  } catch {
    return undefined;
  }
}
