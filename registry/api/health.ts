import { type Request, Router } from 'express';
import type { Catalogue } from '../access/catalogue.ts';
import { personOf } from '../access/guards.ts';
import { notFound } from '../access/permissions.ts';
import type { History } from '../store/observations.ts';

/**
 * `GET /servers/:name/health`, mounted at `/api`, for who may see the server: its state step by step, as it last
 * announced itself, when the state changed, and sums of checks for charts.
 */
export function createHealthApi(catalogue: Catalogue, historyOf: (server: string) => Promise<History>): Router {
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/servers/:name/health', async (req: Request<{ name: string }>, res) => {
    const entry = catalogue.get(personOf(req), req.params.name);
    if (!entry) throw notFound();
    const { status, checkedAt, error, details } = entry.health;
    const { events, chart } = await historyOf(entry.name);
    res.set('Cache-Control', 'no-store').json({
      name: entry.name,
      status,
      unstable: details?.unstable ?? false,
      since: details?.since.toISOString() ?? null,
      checked_at: checkedAt?.toISOString() ?? null,
      error,
      latency_ms: details?.latencyMs ?? null,
      checks: details?.checks ?? [],
      seen_at: details?.seenAt?.toISOString() ?? null,
      announced: details?.announced ?? null,
      events: events.map(({ at, state, latencyMs, reason }) => ({
        at: at.toISOString(),
        state,
        latency_ms: latencyMs,
        reason,
      })),
      chart: { day: chart.day.map(toJson), week: chart.week.map(toJson) },
    });
  });
  return api;
}

function toJson({ start, ok, failed, meanMs, longestMs }: History['chart']['day'][number]) {
  return { start: start.toISOString(), ok, failed, mean_ms: meanMs, longest_ms: longestMs };
}
