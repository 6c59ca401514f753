import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { serve as serveAuthServer } from '../../../auth-server/serve.ts';
import { createLog, type Logger } from '../../../common/service/log.ts';
import { withProbes } from '../../../common/service/probes.ts';
import type { Service } from '../../../common/service/service.ts';
import { startTracing } from '../../../common/service/tracing.ts';
import { readConfig } from '../../../common/settings/config.ts';
import { shapeFor } from '../../../common/settings/table.ts';
import type { ServiceSpec } from '../../../launch/services.ts';
import { type LineSink, Supervisor } from '../../../launch/supervisor.ts';
import { serve as serveRegistry } from '../../../registry/serve.ts';
import { serve as serveRelay } from '../../../relay/serve.ts';
import { createApp as createCurrentTime } from '../../../servers/currenttime/server.ts';
import { createApp as createFinInfo } from '../../../servers/fininfo/server.ts';
import { assembleHub } from '../../../servers/hub/assemble.ts';
import { createApp as createMcpgw } from '../../../servers/mcpgw/server.ts';
import { createApp as createFakeTools } from '../../../servers/realserverfaketools/server.ts';
import { createCognito } from '../../../stand-in/app.ts';
import { cognitoConfig } from '../../../stand-in/config.ts';
import { applyFaults } from '../../../stand-in/faults.ts';
import { loadKeys } from '../../../stand-in/pool/keys.ts';
import { addGateways, readSeed } from '../../../stand-in/pool/seed.ts';
import { startHere } from '../auth-server/audit-here.ts';
import { unrefServer } from '../listen.ts';

/** What listens at one port, or at several; `stop` is called when these are closed. */
type Assembled = RequestListener | { app: RequestListener; stop: () => void } | Service;
type Assemble = (log: Logger, env: NodeJS.ProcessEnv) => Assembled | Promise<Assembled>;

/** See {@link StackSupervisor}. */
export interface StackSupervisorOptions {
  processes?: true | readonly string[];
  shared?: boolean;
}

/** Starts each program as its main.ts does. */
const assemblies: Record<string, Assemble> = {
  'auth-server': async (log, env) => serveAuthServer(env, log, await startTracing('auth-server', {}, log), startHere),
  cognito: async (log, env) => {
    const config = readConfig(cognitoConfig, env);
    const seed = addGateways(readSeed(config.seedFile), config.extraGatewayUrls);
    const keys = await loadKeys(config.keysFile);
    const { app, control } = createCognito({ seed, keys, publicUrl: config.publicUrl, log });
    applyFaults(control, config.faults);
    return app;
  },
  currenttime: (log) => createCurrentTime(log, () => Temporal.Now.instant()),
  fininfo: (log, env) => {
    const config = readConfig(z.object(shapeFor('fininfo')), env);
    return createFinInfo(log, { url: config.POLYGON_API_URL, key: config.POLYGON_API_KEY });
  },
  hub: (log, env) => assembleHub(log, readConfig(z.object(shapeFor('hub')), env)),
  mcpgw: (log, env) => {
    const config = readConfig(z.object(shapeFor('mcpgw')), env);
    const { REGISTRY_INTERNAL_URL: registryUrl, BROKER_GATE_URL: gateUrl, REGISTRY_URL: publicUrl } = config;
    return createMcpgw(log, { registryUrl, gateUrl, publicUrl });
  },
  realserverfaketools: (log) => createFakeTools(log),
  registry: (log, env) => serveRegistry(env, log),
  relay: async (log, env) => serveRelay(env, log, await startTracing('relay', {}, log)),
};

/** A program in the test's process. */
interface Running {
  servers: readonly Server[];
  stop: () => unknown;
}

/** Programs that a test may end in the middle: as a killed process, they would leave what they have not written. */
const products: ReadonlySet<string> = new Set(['auth-server', 'registry', 'relay']);

/**
 * Runs a stack's programs for a test. They run in the test's process, which saves the start of nine programs for each
 * gateway; those that `processes` names, or all of them, are processes, as `npm run up` has it. With `shared`, the test's
 * process can end although they run.
 */
export class StackSupervisor extends Supervisor {
  readonly #write: LineSink;
  readonly #processes: (name: string) => boolean;
  readonly #shared: boolean;
  readonly #own = new Map<string, Promise<Running>>();
  readonly #names = new Set<string>();

  constructor(sink: LineSink, { processes = [], shared = false }: StackSupervisorOptions = {}) {
    super(sink);
    this.#write = sink;
    this.#processes = (name) => processes === true || processes.includes(name);
    this.#shared = shared;
  }

  override start(spec: ServiceSpec): void {
    const assemble = this.#processes(spec.name) ? undefined : assemblies[spec.name];
    if (!assemble) {
      this.#names.add(spec.name);
      super.start(spec);
      if (this.#shared) this.unref();
      return;
    }
    const running = this.#run(spec, assemble);
    running.catch(() => undefined);
    this.#own.set(spec.name, running);
  }

  async #run({ name, env, port }: ServiceSpec, assemble: Assemble): Promise<Running> {
    const write = (line: string) => this.#write(name, line.trimEnd());
    const log = createLog(name, env.LOG_LEVEL?.trim() || 'info', { write });
    const assembled = await assemble(log, { ...process.env, ...env });
    if (typeof assembled === 'function') return { servers: [await this.#listen(assembled, port)], stop: () => {} };
    if ('app' in assembled) return { servers: [await this.#listen(assembled.app, port)], stop: assembled.stop };
    const { listener, needs, more = [], stop = () => {} } = assembled;
    const own = { listener: withProbes(listener, { needs, stopping: () => false }), port };
    const servers = await Promise.all([...more, own].map((each) => this.#listen(each.listener, each.port)));
    return { servers, stop };
  }

  async #listen(listener: RequestListener, port: number): Promise<Server> {
    const server = createServer({ maxHeaderSize: 98_304 }, listener);
    server.keepAliveTimeout = 75_000;
    if (this.#shared) unrefServer(server);
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return server;
  }

  override async healthy(spec: ServiceSpec, milliseconds?: number): Promise<void> {
    await this.#own.get(spec.name);
    return super.healthy(spec, milliseconds);
  }

  /** Kills a service with SIGKILL, and returns when it is gone. */
  async kill(name: string): Promise<void> {
    if (this.#own.has(name)) {
      if (products.has(name)) throw new Error(`start the gateway with { processes: ['${name}'] } to kill it`);
      return await this.#end(name);
    }
    const pid = this.pid(name);
    if (pid) process.kill(pid, 'SIGKILL');
    while (this.pid(name)) await sleep(5);
  }

  /** Ends a program in this process. */
  async #end(name: string): Promise<void> {
    const own = this.#own.get(name);
    this.#own.delete(name);
    const { servers = [], stop } = (await own) ?? {};
    for (const server of servers) server.close().closeAllConnections();
    await stop?.();
  }

  /** Ends all processes at once. nginx and its watcher end what they have started if they get SIGTERM. */
  endNow(): void {
    for (const name of this.#names) {
      const pid = this.pid(name);
      if (pid) process.kill(pid, name.startsWith('nginx') ? 'SIGTERM' : 'SIGKILL');
    }
  }

  /** Ends everything at once: that services stop in good order is the matter of tests/up. */
  override async stop(): Promise<void> {
    const stopped = super.stop();
    this.endNow();
    await stopped;
    await Promise.all([...this.#own.keys()].map((name) => this.#end(name).catch(() => undefined)));
  }
}
