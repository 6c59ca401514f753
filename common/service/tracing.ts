import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { Logger } from './log.ts';

/** Attributes of a request's span. Never a credential, a person's name or a request body. */
type TraceNote = Partial<Record<'server' | 'method' | 'tool' | 'verdict' | 'reason', string | undefined>>;

/** The traces of one service. If tracing is off, both functions do nothing. */
export interface Tracing {
  /** Adds attributes to the span of the current request. */
  note(about: TraceNote): void;
  /** Sends the remaining spans. */
  stop(): Promise<void>;
}

const off: Tracing = { note: () => {}, stop: async () => {} };

type Env = Readonly<Record<string, string | undefined>>;

/** Whether the standard variables ask for traces (OpenTelemetry specification, "Environment Variable Specification"). */
function wantsTraces(env: Env): boolean {
  const exporter = env.OTEL_TRACES_EXPORTER?.trim();
  if (exporter === 'none' || env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return false;
  return Boolean(exporter || env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
}

/**
 * Starts to trace a service if the standard variables ask for it; otherwise it imports nothing. Must be called before the
 * first `createServer`. Without the libraries, the service runs untraced and the log has a warning.
 */
export async function startTracing(service: string, env: Env, log: Logger): Promise<Tracing> {
  if (!wantsTraces(env)) return off;
  try {
    return await start(service, env);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    log.warn({ reason }, 'no traces: OpenTelemetry cannot be loaded; npm ci installs it');
    return off;
  }
}

async function start(service: string, env: Env): Promise<Tracing> {
  const { context, trace } = await import('@opentelemetry/api');
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http');
  const { ExpressInstrumentation, ExpressLayerType } = await import('@opentelemetry/instrumentation-express');
  const { UndiciInstrumentation } = await import('@opentelemetry/instrumentation-undici');
  const require = createRequire(import.meta.url);
  // The SDK's own dependencies: the same versions, wherever npm has put them.
  const ofSdk = createRequire(require.resolve('@opentelemetry/sdk-node'));
  const { envDetector, hostDetector, serviceInstanceIdDetector } = ofSdk('@opentelemetry/resources');
  const { W3CTraceContextPropagator } = ofSdk('@opentelemetry/core');
  const sdk = new NodeSDK({
    serviceName: env.OTEL_SERVICE_NAME || service,
    traceExporter: cleaning(exporterFor(env, ofSdk)),
    metricReaders: [],
    logRecordProcessors: [],
    // Not processDetector: it reports the command line.
    resourceDetectors: [envDetector, hostDetector, serviceInstanceIdDetector],
    // No baggage: its content comes from clients, unchecked.
    textMapPropagator: new W3CTraceContextPropagator(),
    instrumentations: [
      // nginx begins every trace. A request without a parent is a probe, or a health check between services.
      new HttpInstrumentation({
        ignoreIncomingRequestHook: ({ headers }) => headers.traceparent === undefined,
        requireParentforOutgoingSpans: true,
      }),
      new ExpressInstrumentation({ ignoreLayersType: [ExpressLayerType.MIDDLEWARE, ExpressLayerType.ROUTER] }),
      new UndiciInstrumentation({ requireParentforSpans: true }),
    ],
  });
  sdk.start();
  // require() patches them; syncBuiltinESMExports updates the imports of modules that are loaded already.
  for (const name of ['node:http', 'node:https', 'express']) require(name);
  syncBuiltinESMExports();
  return {
    note(about) {
      const span = trace.getSpan(context.active());
      for (const [name, value] of Object.entries(about))
        if (value !== undefined && value !== '') span?.setAttribute(`mcp_gateway.${name}`, value.slice(0, 200));
    },
    stop: () => sdk.shutdown(),
  };
}

interface Span {
  attributes: Readonly<Record<string, unknown>>;
  status: { code: number };
}
interface Exporter {
  export(spans: Span[], done: (result: never) => void): void;
  shutdown(): Promise<void>;
  forceFlush?(): Promise<void>;
}

function exporterFor(env: Env, ofSdk: NodeJS.Require): Exporter {
  if (env.OTEL_TRACES_EXPORTER === 'console') return new (ofSdk('@opentelemetry/sdk-trace').ConsoleSpanExporter)();
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf';
  const kind = { grpc: 'grpc', 'http/json': 'http', 'http/protobuf': 'proto' }[protocol];
  if (!kind) throw new Error(`OTEL_EXPORTER_OTLP_PROTOCOL ${protocol} is not known`);
  return new (ofSdk(`@opentelemetry/exporter-trace-otlp-${kind}`).OTLPTraceExporter)();
}

/** The attributes that may leave the service. URLs, queries, headers and error messages may hold a code or a token. */
const kept =
  /^(mcp_gateway\.\w+|http\.(request\.method|response\.status_code|route)|server\.(address|port)|error\.type)$/;

/** An exporter that removes all other attributes: the next version of a library may record more. */
function cleaning(inner: Exporter) {
  return {
    export(spans: Span[], done: (result: never) => void) {
      const clean = spans.map((span) => {
        const attributes = Object.fromEntries(Object.entries(span.attributes).filter(([name]) => kept.test(name)));
        const own = { attributes, events: [], links: [], status: { code: span.status.code } };
        return Object.create(span, Object.getOwnPropertyDescriptors(own)) as Span;
      });
      inner.export(clean, done);
    },
    shutdown: () => inner.shutdown(),
    forceFlush: async () => await inner.forceFlush?.(),
  } as never;
}
