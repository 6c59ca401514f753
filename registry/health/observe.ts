import type { Logger } from '../../common/service/log.ts';
import { createApprovedDefinitions } from '../pins/approved-definitions.ts';
import { keepApprovedTools } from '../pins/approved-file.ts';
import type { UpstreamAuth } from '../routing/upstream-auth.ts';
import type { Upstream } from '../routing/upstreams.ts';
import type { RegistryStore } from '../store/store.ts';
import type { RegistryMetrics } from './metrics.ts';
import { createHealthMonitor } from './monitor.ts';

export interface ObserveOptions {
  store: RegistryStore;
  upstreams: { of: (name: string) => Upstream | undefined };
  upstreamAuth: Pick<UpstreamAuth, 'headersFor'>;
  approvedToolsFile: string;
  metrics: Pick<RegistryMetrics, 'checked'>;
  log: Logger;
}

/** Starts to look after the servers: how they are, what they announce, and whether their tools are as approved. */
export async function observe({ store, upstreams, upstreamAuth, approvedToolsFile, metrics, log }: ObserveOptions) {
  const definitions = await createApprovedDefinitions(store.definitions, log);
  const approved = await keepApprovedTools({ definitions, path: approvedToolsFile, log });
  const health = createHealthMonitor({
    servers: store.list,
    upstreamOf: upstreams.of,
    headersFor: upstreamAuth.headersFor,
    observations: store.observations,
    onTools: (server, tools) => void definitions.observe(server, tools).then(approved.write),
    onChecked: metrics.checked,
    log,
  });
  await health.recall();
  health.start();
  return { definitions, approved, health };
}
