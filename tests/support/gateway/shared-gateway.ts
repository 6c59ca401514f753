import { rmSync } from 'node:fs';
import { type Gateway, startGateway } from './gateway.ts';

/** What a test may use of a gateway that other test files use too. */
type SharedGateway = Pick<Gateway, 'url' | 'ports' | 'dataDir' | 'echo' | 'agentToken' | 'sessionCookie'>;

/** A gateway that waits costs processor time: it ends unless another test file asks for it before that. */
const idleMilliseconds = 10_000;

let running: Promise<Gateway> | undefined;
let idle: NodeJS.Timeout | undefined;

/**
 * The gateway that the test files of a worker share, with the default settings. Call it at the top of a file. The sequencer
 * lets the files that call it follow each other. They leave the gateway as they found it, and assert no absolute counts. A
 * file that needs other settings, stops a service, revokes for everyone or spends the limits of an address starts its own.
 */
export async function sharedGateway(): Promise<SharedGateway> {
  clearTimeout(idle);
  afterAll(() => {
    idle = setTimeout(() => void stop(), idleMilliseconds).unref();
  });
  running ??= start();
  const gateway = await running;
  gateway.echo.reset();
  return gateway;
}

async function stop(): Promise<void> {
  const gateway = running;
  running = undefined;
  process.off('exit', atExit);
  await (await gateway)?.stop();
}

let atExit = () => {};

async function start(): Promise<Gateway> {
  const gateway = await startGateway({}, [], { shared: true });
  atExit = () => {
    gateway.supervisor.endNow();
    rmSync(gateway.dataDir, { recursive: true, force: true });
  };
  process.once('exit', atExit);
  // A file that has stopped a service of this gateway by mistake must not make other files fail.
  gateway.supervisor.died.catch(() => {
    running = undefined;
  });
  return gateway;
}
