import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { useEnvProxy } from '../network/env-proxy.ts';
import { noticesOn } from '../settings/notices.ts';
import type { Program } from '../settings/setting.ts';
import { settings } from '../settings/table.ts';
import { ConfigError } from '../text/config-error.ts';
import { type Endpoint, listen, listenOnSocket } from './listen.ts';
import { createLog, type Logger } from './log.ts';
import { type LookAtNeeds, withProbes } from './probes.ts';
import { startTracing, type Tracing } from './tracing.ts';

/** A service to run: its request listener, its addresses, and what to close at the end. */
export interface Service extends Endpoint {
  /** Further addresses, such as the one for metrics. */
  more?: readonly Endpoint[];
  /** The path of a Unix socket on which it answers too. */
  socket?: string | undefined;
  /** What it needs to be ready, for `/health/ready`. Without this, it is ready as soon as it listens. */
  needs?: LookAtNeeds;
  /** Called once it listens. An error that this throws ends the process. */
  afterListening?: () => Promise<void>;
  /** Called first when the service is to stop, while it still answers. */
  beforeStop?: () => void;
  /** For how long it then still answers, so that load balancers notice; 0 unless given. */
  leadMilliseconds?: number;
  /** How long requests may take to finish after that; a second unless given. */
  drainMilliseconds?: number;
  stop?: () => void | Promise<void>;
}

/**
 * Runs one service until SIGTERM, SIGINT or SIGHUP: assembles it, listens, logs that, and stops without cutting answers off.
 * An invalid configuration or a taken port ends the process with exit code 1 and a message that tells what to do.
 * @param name name in the log
 * @param env the process's environment; `LOG_LEVEL` is read here (default `info`)
 * @param assemble builds the service; may throw {@link ConfigError}
 */
export async function runService(
  name: Program,
  env: NodeJS.ProcessEnv,
  assemble: (log: Logger, tracing: Tracing) => Service | Promise<Service>,
): Promise<void> {
  // An unknown level is a fault like any other: reading the configuration reports it.
  const level = settings.LOG_LEVEL.schema.safeParse(env.LOG_LEVEL?.trim() || undefined);
  const log = createLog(name, level.data ?? 'info');
  if (settings.HTTPS_PROXY.readBy.some((program) => program === name)) useEnvProxy(env);
  for (const { variable, message } of noticesOn(env, [name])) log.warn({ variable }, message);
  try {
    const tracing = await startTracing(name, env, log);
    const service = await assemble(log, tracing);
    const servers: Server[] = [];
    let stopping = false;
    const listener = withProbes(service.listener, { needs: service.needs, stopping: () => stopping });
    if (service.socket) {
      servers.push(await listenOnSocket(listener, service.socket));
      log.info({ socket: service.socket }, 'listening');
    }
    // Its own address comes last: a service that answers there listens at all the others too.
    for (const endpoint of [...(service.more ?? []), { ...service, listener }]) {
      servers.push(await listen(endpoint));
      log.info({ host: endpoint.host, port: endpoint.port }, 'listening');
    }
    // SIGHUP: the terminal is gone.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.on(signal, () => {
        // Ctrl-C reaches workers twice: from the terminal and from their supervisor.
        if (stopping) return;
        stopping = true;
        void shutDown(servers, service, tracing, log);
      });
    await service.afterListening?.();
  } catch (error) {
    const err = error instanceof ConfigError ? undefined : error;
    log.fatal({ err }, error instanceof Error ? error.message : 'failed');
    process.exit(1);
  }
}

async function shutDown(servers: readonly Server[], service: Service, tracing: Tracing, log: Logger): Promise<void> {
  const { beforeStop, leadMilliseconds = 0, drainMilliseconds = 1_000 } = service;
  log.info('stopping');
  beforeStop?.();
  for (const server of servers) server.prependListener('request', lastAnswer);
  if (leadMilliseconds > 0) await sleep(leadMilliseconds);
  await Promise.all(servers.map((server) => close(server, drainMilliseconds)));
  await service.stop?.();
  // Do not wait for a collector that does not answer.
  await Promise.race([tracing.stop().catch(() => undefined), sleep(1_000)]);
  process.exit(0);
}

/** Tells a client that keeps connections, with its answer, that this one closes. */
function lastAnswer(_req: IncomingMessage, res: ServerResponse): void {
  res.shouldKeepAlive = false;
}

async function close(server: Server, drainMilliseconds: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), drainMilliseconds);
  await closed;
  clearTimeout(cut);
}
