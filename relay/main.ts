import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRemoteJWKSet } from 'jose';
import { watchApprovedTools } from '../common/policy/approved-tools-watch.ts';
import { watchPolicy } from '../common/policy/policy-watch.ts';
import { metricsEndpoint } from '../common/service/metrics-endpoint.ts';
import { type LookAtNeeds, policyNeed } from '../common/service/probes.ts';
import { runService } from '../common/service/service.ts';
import { readConfig } from '../common/settings/config.ts';
import { createAuthority, followEnded } from './authority.ts';
import { createIdentifyCaller } from './caller.ts';
import { relayConfig } from './config.ts';
import { LiveStreams } from './live-streams.ts';
import { createRelayMetrics } from './metrics.ts';
import { createRelay } from './relay.ts';
import { createRights } from './rights.ts';
import { watchRoutes } from './routes.ts';

const tickMilliseconds = 250;
/** It asks a few times a second; after ten seconds of silence it ends all streams. */
const silentMilliseconds = 5_000;

await runService('relay', process.env, (log, tracing) => {
  const config = readConfig(relayConfig, process.env);
  const authServer = config.AUTH_SERVER_INTERNAL_URL;
  const ca = config.UPSTREAM_CA_FILE === undefined ? undefined : readFileSync(config.UPSTREAM_CA_FILE, 'utf8');
  const policy = watchPolicy(config.SCOPES_FILE, log);
  const routes = watchRoutes(join(config.ROUTES_DIR, 'routes'), ca, log);
  const ended = followEnded(authServer, log);
  const tools = watchApprovedTools(config.TOOL_CHANGES, config.APPROVED_TOOLS_FILE, log);
  const rights = createRights(policy.current, tools);
  const streams = new LiveStreams({ mayGoOn: rights.mayGoOn, routeOf: routes.of, silence: ended.silence });
  ended.onEnded((marks, number) => streams.endMarked(marks, number));
  ended.onFirstAnswer((number) => streams.endUntold(number));
  policy.onChange(() => streams.tick());
  routes.onChange(() => streams.tick());
  const timer = setInterval(() => streams.tick(), tickMilliseconds).unref();
  const metrics = createRelayMetrics(() => streams.size, ended.silence);
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', authServer), { timeoutDuration: 2_000 });
  const listener = createRelay({
    identify: createIdentifyCaller(keys, config.REGISTRY_URL),
    rights,
    authority: createAuthority(authServer),
    routes,
    streams,
    maxAnswer: config.MAX_LIST_BYTES,
    quickMilliseconds: 30_000,
    metrics,
    tracing,
    log,
  });
  const needs: LookAtNeeds = async () => {
    const heard = ended.hasAnswered() && ended.silence() < silentMilliseconds;
    return {
      policy: policyNeed(policy.faults()),
      'auth-server': { met: heard, state: heard ? 'answers' : 'does not answer' },
    };
  };
  const stop = () => {
    clearInterval(timer);
    policy.stop();
    tools.stop();
    routes.stop();
    ended.stop();
  };
  const { RELAY_METRICS_HOST: host, RELAY_METRICS_PORT: port } = config;
  const more = [metricsEndpoint(metrics, { host, port, portVariable: 'RELAY_METRICS_PORT' })];
  const { RELAY_HOST, RELAY_PORT } = config;
  return { listener, host: RELAY_HOST, port: RELAY_PORT, portVariable: 'RELAY_PORT', needs, more, stop };
});
