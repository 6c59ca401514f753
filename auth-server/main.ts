import cluster from 'node:cluster';
import { runService } from '../common/service/service.ts';
import { settings } from '../common/settings/table.ts';

// What is wrong with the setting, the process that answers requests says.
const { schema } = settings.AUTH_SERVER_WORKERS;
const { data: count = 1 } = schema.safeParse(process.env.AUTH_SERVER_WORKERS?.trim() || undefined);

await runService('auth-server', process.env, async (log, tracing) => {
  // Read only when needed: the process that looks after the others is up sooner, and takes a third of their memory.
  if (cluster.isPrimary && count > 1) {
    const { supervise } = await import('./process/supervise.ts');
    return supervise(process.env, count, log);
  }
  const { serve } = await import('./serve.ts');
  return await serve(process.env, log, tracing);
});
