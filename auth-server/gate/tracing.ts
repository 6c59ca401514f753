import type { Tracing } from '../../common/service/tracing.ts';
import type { Metrics } from '../decisions/metrics.ts';

/** Metrics that also record each decision in the trace of its request: what was asked and decided, but not who asked. */
export function traceDecisions(metrics: Metrics, tracing: Tracing): Metrics {
  return {
    ...metrics,
    decided(entry, seconds) {
      const { request, asked, error } = entry;
      const target = request?.target;
      const object = asked?.accesses[0].object;
      tracing.note({
        server: target?.resource === 'mcp' ? target.server : target?.resource,
        method: asked?.method,
        tool: object?.kind === 'tool' ? object.name : undefined,
        verdict: error ? 'deny' : 'allow',
        reason: error?.code,
      });
      metrics.decided(entry, seconds);
    },
  };
}
