import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRemoteJWKSet } from 'jose';
import { watchApprovedTools } from '../common/approved-tools.ts';
import { readConfig } from '../common/config.ts';
import { watchPolicy } from '../common/policy-watch.ts';
import { runService } from '../common/service.ts';
import { createAuthority, followEnded } from './authority.ts';
import { createIdentifyCaller } from './caller.ts';
import { relayConfig } from './config.ts';
import { LiveStreams } from './live-streams.ts';
import { createRelay } from './relay.ts';
import { createRights } from './rights.ts';
import { watchRoutes } from './routes.ts';

const tickMilliseconds = 250;

await runService('relay', process.env, (log) => {
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
  policy.onChange(() => streams.tick());
  routes.onChange(() => streams.tick());
  const timer = setInterval(() => streams.tick(), tickMilliseconds).unref();
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', authServer), { timeoutDuration: 2_000 });
  const listener = createRelay({
    identify: createIdentifyCaller(keys, config.REGISTRY_URL),
    rights,
    authority: createAuthority(authServer),
    routes,
    streams,
    maxAnswer: config.MAX_LIST_BYTES,
    quickMilliseconds: 30_000,
    log,
  });
  const stop = () => {
    clearInterval(timer);
    policy.stop();
    tools.stop();
    routes.stop();
    ended.stop();
  };
  return { listener, host: config.RELAY_HOST, port: config.RELAY_PORT, portVariable: 'RELAY_PORT', stop };
});
