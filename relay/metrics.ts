import { Counter, Gauge, Registry } from 'prom-client';
import type { Shown } from '../common/service/metrics-endpoint.ts';
import { addProcessMetrics } from '../common/service/process-metrics.ts';
import type { RelayErrorCode } from './errors.ts';
import type { EndReason } from './live-streams.ts';

/** What the relay counts about itself. Every metric is explained in docs/operations/monitoring.md. */
export interface RelayMetrics extends Shown {
  /** The relay has ended a stream that its server had not. */
  streamEnded(reason: EndReason): void;
  /** A request could not be answered. */
  failed(reason: RelayErrorCode): void;
}

/** @param openStreams how many streams are open now, and how long ago the auth-server was heard of, in milliseconds */
export function createRelayMetrics(openStreams: () => number, silence: () => number): RelayMetrics {
  const registry = new Registry();
  const registers = [registry];
  addProcessMetrics(registry);
  new Gauge({
    name: 'mcp_gateway_relay_open_streams',
    help: 'Streams that are open now',
    registers,
    collect() {
      this.set(openStreams());
    },
  });
  new Gauge({
    name: 'mcp_gateway_relay_auth_server_silence_seconds',
    help: 'Seconds since the auth-server last answered which sessions have ended; streams end after ten',
    registers,
    collect() {
      this.set(silence() / 1000);
    },
  });
  const ended = new Counter({
    name: 'mcp_gateway_relay_streams_ended_total',
    help: 'Streams that the relay has ended, by reason; not those that the client or the server ended',
    labelNames: ['reason'],
    registers,
  });
  const failures = new Counter({
    name: 'mcp_gateway_relay_failures_total',
    help: 'Requests that the relay could not answer, by reason',
    labelNames: ['reason'],
    registers,
  });
  return {
    streamEnded: (reason) => ended.inc({ reason }),
    failed: (reason) => failures.inc({ reason }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
