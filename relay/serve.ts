import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet } from 'jose';
import { HeldBytes } from '../common/answers/held-bytes.ts';
import { watchApprovedTools } from '../common/policy/approved-tools-watch.ts';
import { openPolicy, whenThere } from '../common/policy/policy-source.ts';
import type { Logger } from '../common/service/log.ts';
import { metricsEndpoint } from '../common/service/metrics-endpoint.ts';
import { policyNeed } from '../common/service/probes.ts';
import type { Service } from '../common/service/service.ts';
import type { Tracing } from '../common/service/tracing.ts';
import { readConfig } from '../common/settings/config.ts';
import { createAccountReports } from './callers/account-reports.ts';
import { createApprovedRounds } from './callers/approved-rounds.ts';
import { createIdentifyCaller } from './callers/caller.ts';
import { LiveStreams } from './callers/live-streams.ts';
import { createRelayMetrics } from './callers/metrics.ts';
import { followRevocations } from './callers/revocation-feed.ts';
import { createRights } from './callers/rights.ts';
import { createSessionOwners } from './callers/session-owners.ts';
import { relayConfig } from './config.ts';
import { createRelay } from './relay.ts';
import { answerLimits, relayMemory, streamsIn } from './upstream/limits.ts';
import { watchRoutes } from './upstream/routes.ts';
import { ServerShares } from './upstream/server-share.ts';

const tickMilliseconds = 250;
/** Some servers install themselves, or start a process, before they answer `initialize`. */
const quickMilliseconds = 120_000;
/** The relay polls a few times a second. After ten seconds of silence it ends all streams. */
const silentMilliseconds = 5_000;

/** Assembles the relay from its settings. */
export function serve(env: NodeJS.ProcessEnv, log: Logger, tracing: Tracing): Service {
  const config = readConfig(relayConfig, env);
  const authServer = config.AUTH_SERVER_INTERNAL_URL;
  const ca = config.UPSTREAM_CA_FILE === undefined ? undefined : readFileSync(config.UPSTREAM_CA_FILE, 'utf8');
  const editable = config.POLICY_EDITABLE === 'true';
  const policy = openPolicy({ editable, path: config.SCOPES_FILE, authServerUrl: authServer }, log);
  const brokers = { hub: config.HUB_INTERNAL_URL, mcpgw: config.MCPGW_INTERNAL_URL };
  const routes = watchRoutes(join(config.ROUTES_DIR, 'routes'), ca, log, undefined, brokers);
  const tools = watchApprovedTools(config.TOOL_CHANGES, config.APPROVED_TOOLS_FILE, log);
  const rights = createRights(policy.current, tools);
  const silence = () => revocations.silence();
  const streams = new LiveStreams(
    { mayContinue: rights.mayContinue, viewer: rights.viewer, routeOf: routes.of, silence },
    { streams: streamsIn(Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem())) },
  );
  const revocations = followRevocations(authServer, streams, log);
  policy.onChange(() => streams.tick());
  routes.onChange(() => streams.tick());
  const timer = setInterval(() => streams.tick(), tickMilliseconds).unref();
  const metrics = createRelayMetrics(() => streams.size, silence);
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', authServer), { timeoutDuration: 2_000 });
  const { RELAY_METRICS_HOST, RELAY_METRICS_PORT } = config;
  const portVariable = 'RELAY_METRICS_PORT';
  return {
    listener: whenThere(
      policy,
      createRelay({
        identify: createIdentifyCaller(keys, config.REGISTRY_URL),
        rights,
        owners: createSessionOwners(authServer),
        reports: createAccountReports(authServer),
        rounds: createApprovedRounds(authServer),
        routes,
        streams,
        limits: answerLimits(config.MAX_LIST_BYTES),
        held: new HeldBytes(relayMemory.held),
        shares: new ServerShares(),
        quickMilliseconds,
        metrics,
        tracing,
        log,
      }),
    ),
    host: config.RELAY_HOST,
    port: config.RELAY_PORT,
    portVariable: 'RELAY_PORT',
    needs: async () => {
      const met = revocations.hasAnswered() && silence() < silentMilliseconds;
      return {
        policy: policyNeed(policy.faults(), policy.isThere()),
        'auth-server': { met, state: met ? 'answers' : 'does not answer' },
        routes: { met: routes.isRead(), state: routes.isRead() ? 'read' : 'not read: no server can be reached' },
      };
    },
    more: [metricsEndpoint(metrics, { host: RELAY_METRICS_HOST, port: RELAY_METRICS_PORT, portVariable })],
    stop() {
      clearInterval(timer);
      for (const each of [policy, tools, routes, revocations]) each.stop();
    },
  };
}
