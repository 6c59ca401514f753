import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../common/service/log.ts';
import type { Tracing } from '../common/service/tracing.ts';
import type { Endpoint } from '../policy/request/mcp-request.ts';
import type { Caller, IdentifyCaller } from './caller.ts';
import type { LiveStreams } from './live-streams.ts';
import type { MessageFilterDeps } from './message-filter.ts';
import type { RelayMetrics } from './metrics.ts';
import type { Route, Routes } from './routes.ts';

/** What the relay needs to answer requests. */
export interface RelayDeps extends MessageFilterDeps {
  identify: IdentifyCaller;
  routes: Routes;
  streams: LiveStreams;
  /** The longest answer or event, in bytes, that the relay holds to inspect it. */
  maxAnswer: number;
  /** Time limit for the start of an upstream's answer and for a whole list. Tool calls may take an hour. */
  quickMilliseconds: number;
  metrics?: Pick<RelayMetrics, 'streamEnded' | 'failed'>;
  tracing?: Pick<Tracing, 'note'>;
  log: Logger;
}

/** A request whose upstream has begun to answer. */
export interface Exchange {
  caller: Caller;
  endpoint: Endpoint;
  route: Route;
  answer: IncomingMessage;
  /** The request's `Mcp-Session-Id`. */
  sessionId: string | undefined;
  response: ServerResponse;
  log: Logger;
}
