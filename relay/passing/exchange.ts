import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Account } from '../../common/answers/byte-gatherer.ts';
import type { HeldBytes } from '../../common/answers/held-bytes.ts';
import type { MessageLimits } from '../../common/answers/limits.ts';
import type { MessageId } from '../../common/answers/message.ts';
import type { Logger } from '../../common/service/log.ts';
import type { Tracing } from '../../common/service/tracing.ts';
import type { Endpoint } from '../../policy/request/mcp-request.ts';
import type { AccountReports } from '../callers/account-reports.ts';
import type { Caller, IdentifyCaller } from '../callers/caller.ts';
import type { ListKind } from '../callers/list-changes.ts';
import type { LiveStreams } from '../callers/live-streams.ts';
import type { RelayMetrics } from '../callers/metrics.ts';
import type { Route, Routes } from '../upstream/routes.ts';
import type { ServerPace, ServerShares } from '../upstream/server-share.ts';
import type { MessageFilterDeps } from './message-filter.ts';

/** What the relay needs to answer requests. */
export interface RelayDeps extends MessageFilterDeps {
  identify: IdentifyCaller;
  routes: Routes;
  streams: LiveStreams;
  reports: AccountReports;
  /** Bounds on one answer or event. */
  limits: MessageLimits;
  held: HeldBytes;
  shares: ServerShares;
  /** Time limit for the start of an upstream's answer and for a whole list. Tool calls may take an hour. */
  quickMilliseconds: number;
  metrics?: Pick<RelayMetrics, 'streamEnded' | 'failed' | 'accountRefused'>;
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
  /** The JSON-RPC id of the request; undefined for what is no JSON-RPC request. */
  requestId: MessageId | undefined;
  /** The kinds of lists whose changes the request subscribes to. */
  listensTo: readonly ListKind[];
  /** Whether the server owes a message: not for notifications, and not on the 2024-11-05 transport. */
  expectsAnswer: boolean;
  /** Time limit for a whole answer that is not a stream. */
  timeoutMilliseconds: number;
  account: Account;
  pace: ServerPace;
  response: ServerResponse;
  log: Logger;
}
