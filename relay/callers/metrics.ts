import { Counter, Gauge, Registry } from 'prom-client';
import { addProcessMetrics } from '../../common/service/process-metrics.ts';
import type { RelayErrorCode } from '../upstream/errors.ts';
import type { EndReason } from './live-streams.ts';

const refusals = ['unauthorized', 'insufficient_scope', 'no_token'] as const;

export type RelayMetrics = ReturnType<typeof createRelayMetrics>;

/**
 * Makes the relay's metrics, which docs/operations/monitoring.md explains.
 * @param openStreams returns the number of open streams
 * @param silence returns the milliseconds since the auth-server last answered
 */
export function createRelayMetrics(openStreams: () => number, silence: () => number) {
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
  const accounts = new Counter({
    name: 'mcp_gateway_relay_account_refusals_total',
    help: 'Requests whose server refused the account of the person who asked, or wanted one, by reason',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of refusals) accounts.inc({ reason }, 0);
  return {
    /** A server answered 401 or 403 to a request with a person's account, or without one where it wants one. */
    accountRefused: (reason: (typeof refusals)[number]) => accounts.inc({ reason }),
    /** The relay ended a stream before its server did. */
    streamEnded: (reason: EndReason) => ended.inc({ reason }),
    failed: (reason: RelayErrorCode) => failures.inc({ reason }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
