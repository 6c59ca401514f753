import { Counter, Gauge, Registry } from 'prom-client';
import type { Shown } from '../common/service/metrics-endpoint.ts';
import { addProcessMetrics } from '../common/service/process-metrics.ts';
import type { RelayErrorCode } from './errors.ts';
import type { EndReason } from './live-streams.ts';

/** The relay's metrics. docs/operations/monitoring.md explains each. */
export interface RelayMetrics extends Shown {
  /** The relay ended a stream before its server did. */
  streamEnded(reason: EndReason): void;
  /** The relay could not answer a request. */
  failed(reason: RelayErrorCode): void;
}

/**
 * @param openStreams returns the number of open streams
 * @param silence returns the milliseconds since the auth-server last answered
 */
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
