import { rmSync } from 'node:fs';
import { type Gateway, startGateway } from './gateway.ts';

/** What a test may use of a gateway that other test files use too. */
export type SharedGateway = Pick<Gateway, 'url' | 'ports' | 'dataDir' | 'echo' | 'agentToken' | 'sessionCookie'>;

let running: Promise<Gateway> | undefined;

/**
 * The gateway of this worker, with the default settings: the first test file that asks for it starts it, and it runs until
 * the worker ends. Test files that use it leave it as they found it, and assert no absolute counts. A test file that needs
 * other settings, kills a service, revokes for everyone or spends the limits of an address starts its own.
 */
export async function sharedGateway(): Promise<SharedGateway> {
  running ??= startShared();
  const gateway = await running;
  gateway.echo.reset();
  return gateway;
}

async function startShared(): Promise<Gateway> {
  const gateway = await startGateway({}, [], { shared: true });
  // A test that has killed a service of this gateway must not make other test files fail.
  gateway.supervisor.died.catch(() => {
    running = undefined;
  });
  process.once('exit', () => {
    gateway.supervisor.endNow();
    rmSync(gateway.dataDir, { recursive: true, force: true });
  });
  // Jest ends a worker that has grown too large with SIGTERM, which by itself runs no exit listener.
  process.once('SIGTERM', () => process.exit());
  return gateway;
}
