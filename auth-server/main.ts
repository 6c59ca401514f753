import cluster from 'node:cluster';
import { runService } from '../common/service/service.ts';
import { settings } from '../common/settings/table.ts';

// An invalid value is reported by the process that answers requests.
const { schema } = settings.AUTH_SERVER_WORKERS;
const { data: count = 1 } = schema.safeParse(process.env.AUTH_SERVER_WORKERS?.trim() || undefined);

await runService('auth-server', process.env, async (log, tracing) => {
  // Imported only when needed: the supervisor starts sooner, and takes a third of a worker's memory.
  if (cluster.isPrimary && count > 1) {
    const { supervise } = await import('./process/supervise.ts');
    return supervise(process.env, count, log);
  }
  // The thread of the audit loads as long as the rest does.
  const { startEarly } = await import('./audit/thread/threads.ts');
  const startThread = startEarly();
  const { serve } = await import('./serve.ts');
  return await serve(process.env, log, tracing, startThread);
});
