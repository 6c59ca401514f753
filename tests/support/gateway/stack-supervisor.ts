import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { createLog, type Logger } from '../../../common/service/log.ts';
import { readConfig } from '../../../common/settings/config.ts';
import { shapeFor } from '../../../common/settings/table.ts';
import type { ServiceSpec } from '../../../launch/services.ts';
import { type LineSink, Supervisor } from '../../../launch/supervisor.ts';
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
import { unrefServer } from '../listen.ts';

type Assembled = RequestListener | { app: RequestListener; stop: () => void };
type Assemble = (log: Logger, env: NodeJS.ProcessEnv) => Assembled | Promise<Assembled>;

/** Starts each program as its main.ts does. */
const assemblies: Record<string, Assemble> = {
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
};

/**
 * Runs a stack's programs for a test. The stand-in and the bundled servers run in the test's process, which saves the
 * start of six programs for each gateway; with `processes`, every program is a process, as `npm run up` has it. With
 * `shared`, the test's process can end although they run.
 */
export class StackSupervisor extends Supervisor {
  readonly #write: LineSink;
  readonly #processes: boolean;
  readonly #shared: boolean;
  readonly #own = new Map<string, Promise<Server>>();
  readonly #names = new Set<string>();

  constructor(sink: LineSink, { processes = false, shared = false } = {}) {
    super(sink);
    this.#write = sink;
    this.#processes = processes;
    this.#shared = shared;
  }

  override start(spec: ServiceSpec): void {
    const assemble = this.#processes ? undefined : assemblies[spec.name];
    if (!assemble) {
      this.#names.add(spec.name);
      super.start(spec);
      if (this.#shared) this.unref();
      return;
    }
    const running = this.#listen(spec, assemble);
    running.catch(() => undefined);
    this.#own.set(spec.name, running);
  }

  async #listen({ name, env, port }: ServiceSpec, assemble: Assemble): Promise<Server> {
    const write = (line: string) => this.#write(name, line.trimEnd());
    const log = createLog(name, env.LOG_LEVEL?.trim() || 'info', { write });
    const assembled = await assemble(log, { ...process.env, ...env });
    const { app, stop } = typeof assembled === 'function' ? { app: assembled, stop: undefined } : assembled;
    const server = createServer({ maxHeaderSize: 98_304 }, app);
    if (stop) server.once('close', stop);
    server.keepAliveTimeout = 75_000;
    if (this.#shared) unrefServer(server);
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return server;
  }

  override async healthy(spec: ServiceSpec, milliseconds?: number): Promise<void> {
    const own = this.#own.get(spec.name);
    return own ? void (await own) : super.healthy(spec, milliseconds);
  }

  /** Kills a service with SIGKILL, and returns when it is gone. */
  async kill(name: string): Promise<void> {
    const own = this.#own.get(name);
    if (own) {
      this.#own.delete(name);
      const server = (await own).close();
      server.closeAllConnections();
      return;
    }
    const pid = this.pid(name);
    if (pid) process.kill(pid, 'SIGKILL');
    while (this.pid(name)) await sleep(5);
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
    await Promise.all([...this.#own.keys()].map((name) => this.kill(name).catch(() => undefined)));
  }
}
