import { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const { default: JestRuntime } = require('jest-runtime') as typeof import('jest-runtime');
const globals = new URL('./globals.ts', import.meta.url).href;

// '@jest/globals' throws outside of Jest's own module loader. Each importer gets its own copy.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals'
      ? { url: `${globals}?${context.parentURL}`, shortCircuit: true }
      : next(specifier, context),
});

// Jest ends a worker that has grown too large with SIGTERM, and starts the file again that it may have begun meanwhile. A browser
// would hold the process up until that file has failed here; and by itself SIGTERM runs no exit listener.
// Jest reports a call of its own `process.exit`, which it sets later.
const { exit } = process;
process.on('SIGTERM', () => exit());

// package.json sets them: with them, glibc gives memory back that a test has freed, a fifth of a worker's. What a test starts has
// the settings that it will have elsewhere.
delete process.env.MALLOC_ARENA_MAX;
delete process.env.MALLOC_MMAP_THRESHOLD_;

/** Stryker runs a test file many times in one process: each run needs a URL of its own. */
let imports = 0;

const ownSymbols = (description: string) =>
  Object.getOwnPropertySymbols(globalThis).filter((symbol) => symbol.description === description);

/**
 * Loads test files with Node's own module loader instead of Jest's. Node strips the types, evaluates each module once
 * per process and keeps compiled code in NODE_COMPILE_CACHE. Jest's loader evaluates every module again for each test
 * file, in a vm context that Node does not free (nodejs/node#63186).
 *
 * Test files in one process share the modules under test: such a module keeps no state that a test depends on.
 */
// biome-ignore lint/style/noDefaultExport: Jest takes the default export
export default class NativeRuntime extends JestRuntime {
  override unstable_shouldLoadAsEsm() {
    return true;
  }

  override async unstable_importModule(path: string) {
    const { jestGlobals } = this as unknown as { jestGlobals: { jestObjectFor(path: string): unknown } };
    Object.assign(globalThis, { jest: jestGlobals.jestObjectFor(path) });
    await import(`${pathToFileURL(path).href}?${++imports}`);
    return undefined as never;
  }

  /** Only jest-circus calls this, for the module that keeps the state of one test file: evaluates it again. */
  override requireInternalModule<T>(path: string): T {
    for (const name of ['JEST_STATE_SYMBOL', 'EVENT_HANDLERS', 'TEST_TIMEOUT_SYMBOL', 'RETRY_TIMES'])
      for (const symbol of ownSymbols(name)) Reflect.deleteProperty(globalThis, symbol);
    delete require.cache[path];
    return require(path);
  }
}
