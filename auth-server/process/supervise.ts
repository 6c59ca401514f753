import type { Logger } from '../../common/service/log.ts';
import { metricsEndpoint } from '../../common/service/metrics-endpoint.ts';
import type { Service } from '../../common/service/service.ts';
import { readConfig } from '../../common/settings/config.ts';
import { configSchema, metricsAddress } from './config.ts';
import { createWorkers } from './workers.ts';

/** Longer than a worker takes to finish its open requests (serve.ts). */
const stopMilliseconds = 5_000;

/** The process that starts the workers and restarts those that end. It serves only the metrics. */
export function supervise(env: NodeJS.ProcessEnv, count: number, log: Logger): Service {
  const config = readConfig(configSchema, env);
  const lead = config.AUTH_SERVER_STOP_LEAD_SECONDS * 1000;
  const { metrics, start, stop } = createWorkers(count, lead + stopMilliseconds, log);
  return { ...metricsEndpoint(metrics, metricsAddress(config)), afterListening: start, stop };
}
