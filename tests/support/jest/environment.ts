import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

/**
 * Lets `fetch` open a connection for each request. It would keep them, and nginx closes kept ones at each reload: a request that
 * has just chosen one fails then, because it is sent before the test's busy process has seen the end of the connection.
 */
function keepNoConnections(): void {
  // With the first use of a class of its, Node loads its fetch, and puts the agent here (undici, lib/global.js).
  void globalThis.Response;
  const place = globalThis as unknown as Record<symbol, { constructor: new (options: object) => object }>;
  const key = Symbol.for('undici.globalDispatcher.2');
  const Agent = place[key]?.constructor;
  if (!Agent) throw new Error('This version of Node keeps the agent of fetch elsewhere: name its place here.');
  place[key] = new Agent({ pipelining: 0 }) as never;
}

/** Runs tests in Node's own global scope, not in a vm context. Restores what a test file may have changed in it. */
// biome-ignore lint/style/noDefaultExport: Jest takes the default export
export default class NativeEnvironment {
  readonly global = globalThis;
  readonly moduleMocker = new ModuleMocker(globalThis);
  readonly fakeTimers = null;
  readonly fakeTimersModern;
  readonly #restore: () => void;

  constructor({ projectConfig }: { projectConfig: ConstructorParameters<typeof ModernFakeTimers>[0]['config'] }) {
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    const { console, process } = globalThis;
    const { exit } = process;
    const { stackTraceLimit } = Error;
    const env = { ...process.env };
    this.#restore = () => {
      globalThis.console = console;
      process.exit = exit;
      Error.stackTraceLimit = stackTraceLimit;
      process.env = env;
    };
  }

  /** Jest would map stack traces to what it has transformed, and read all source maps of packages again for each file. */
  async setup() {
    Reflect.deleteProperty(Error, 'prepareStackTrace');
    keepNoConnections();
  }

  async teardown() {
    this.fakeTimersModern.dispose();
    this.moduleMocker.restoreAllMocks();
    this.#restore();
  }

  getVmContext() {
    return null;
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }
}
