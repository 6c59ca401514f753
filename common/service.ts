import { createServer, type RequestListener, type Server } from 'node:http';
import { ConfigError } from './config.ts';
import { createLog, type Logger } from './log.ts';

/** What a service hands over to be run: what it answers with, where it listens, and what to close at the end. */
export interface Service {
  listener: RequestListener;
  host: string;
  port: number;
  /** The variable that moves the port, named when the port is taken. */
  portVariable: string;
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
  name: string,
  env: NodeJS.ProcessEnv,
  assemble: (log: Logger) => Service | Promise<Service>,
): Promise<void> {
  const log = createLog(name, env.LOG_LEVEL || 'info');
  try {
    const service = await assemble(log);
    const server = await listen(service);
    log.info({ host: service.host, port: service.port }, 'listening');
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => void shutDown(server, service, log));
  } catch (error) {
    log.fatal(
      { err: error instanceof ConfigError ? undefined : error },
      error instanceof Error ? error.message : 'failed',
    );
    process.exit(1);
  }
}

function listen(service: Service): Promise<Server> {
  const server = createServer(service.listener);
  // nginx keeps idle connections for 60 s; closing first would make it meet a dead connection and answer 503.
  server.keepAliveTimeout = 75_000;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      const { host, port, portVariable } = service;
      reject(
        new ConfigError([`port ${port} on ${host} is taken: stop the program that has it, or set ${portVariable}`]),
      );
    });
    server.listen(service.port, service.host, () => resolve(server));
  });
}

async function shutDown(server: Server, service: Service, log: Logger): Promise<void> {
  log.info('stopping');
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), 1_000);
  await closed;
  clearTimeout(cut);
  await service.stop?.();
  process.exit(0);
}
