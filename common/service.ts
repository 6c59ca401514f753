import { createServer, type RequestListener, type Server } from 'node:http';
import { ConfigError } from './config.ts';
import { createLog, type Logger } from './log.ts';
import { noticesOn } from './settings/notices.ts';
import type { Program } from './settings/setting.ts';
import { settings } from './settings/table.ts';

/** One address where a service answers, and what with. */
export interface Endpoint {
  listener: RequestListener;
  host: string;
  port: number;
  /** The variable that moves the port, named when the port is taken. */
  portVariable: string;
}

/** What a service hands over to be run: what it answers with, where it listens, and what to close at the end. */
export interface Service extends Endpoint {
  /** Addresses beside its own, such as the one for metrics. */
  more?: readonly Endpoint[];
  stop?: () => void | Promise<void>;
}

/**
 * Runs one service until SIGTERM or SIGINT: assembles it, listens, says so, and stops without cutting answers short.
 * A bad configuration and a taken port end the process with exit code 1 and a message that says what to do.
 * @param name name in the log
 * @param env the process's environment; `LOG_LEVEL` is read here (default `info`)
 * @param assemble builds the service; may throw {@link ConfigError}
 */
export async function runService(
  name: Program,
  env: NodeJS.ProcessEnv,
  assemble: (log: Logger) => Service | Promise<Service>,
): Promise<void> {
  // A level that there is not is a fault like any other; reading the configuration reports it.
  const level = settings.LOG_LEVEL.schema.safeParse(env.LOG_LEVEL?.trim() || undefined);
  const log = createLog(name, level.data ?? 'info');
  for (const { variable, message } of noticesOn(env, [name])) log.warn({ variable }, message);
  try {
    const service = await assemble(log);
    const servers: Server[] = [];
    // Its own address comes last: a service that answers there has all the others too.
    for (const endpoint of [...(service.more ?? []), service]) {
      servers.push(await listen(endpoint));
      log.info({ host: endpoint.host, port: endpoint.port }, 'listening');
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => void shutDown(servers, service, log));
  } catch (error) {
    log.fatal(
      { err: error instanceof ConfigError ? undefined : error },
      error instanceof Error ? error.message : 'failed',
    );
    process.exit(1);
  }
}

/** nginx lets 64 kB of headers in and adds the caller's identity; Node's own 16 kB would answer 431 to what nginx let in. */
const maxHeaderSize = 98_304;

function listen({ listener, host, port, portVariable }: Endpoint): Promise<Server> {
  const server = createServer({ maxHeaderSize }, listener);
  // nginx keeps idle connections for 60 s; closing first would make it meet a dead connection and answer 503.
  server.keepAliveTimeout = 75_000;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      reject(
        new ConfigError([`port ${port} on ${host} is taken: stop the program that has it, or set ${portVariable}`]),
      );
    });
    server.listen(port, host, () => resolve(server));
  });
}

async function shutDown(servers: readonly Server[], service: Service, log: Logger): Promise<void> {
  log.info('stopping');
  await Promise.all(servers.map(close));
  await service.stop?.();
  process.exit(0);
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), 1_000);
  await closed;
  clearTimeout(cut);
}
