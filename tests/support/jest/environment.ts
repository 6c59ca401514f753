import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

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
