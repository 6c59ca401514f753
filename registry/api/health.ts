import { Router } from 'express';
import * as z from 'zod';
import type { Catalogue } from '../access/catalogue.ts';
import { type Named, personOf } from '../access/guards.ts';
import { notFound } from '../access/permissions.ts';
import type { SelfDescription } from '../servers/self-description.ts';
import type { History } from '../store/observations.ts';
import { type Answer, name, object, status, time } from './shared/answer.ts';

const step = z.strictObject({
  step: z.enum(['reach', 'handshake', 'tools']),
  state: z.enum(['ok', 'failed', 'skipped']),
  reason: z.string().nullable(),
  ms: z.number(),
});

const sum = z.strictObject({
  start: time,
  ok: z.int(),
  failed: z.int(),
  mean_ms: z.number().nullable(),
  longest_ms: z.number().nullable(),
});

const announced = z.strictObject({
  name: z.string().nullable(),
  title: z.string().nullable(),
  version: z.string().nullable(),
  protocolVersion: z.string().nullable(),
  era: z.string().nullable().describe('modern: MCP 2026-07-28 or later. legacy: an older revision.'),
  instructions: z.string().nullable(),
  capabilities: object,
  prompts: z.array(object),
  resources: z.array(object),
  resourceTemplates: z.array(object),
});

/** The answer of `GET /servers/:name/health`. */
export const serverHealth = z.strictObject({
  name,
  status,
  unstable: z.boolean().describe('The last check failed after a success.'),
  slow: z.boolean().describe('It is healthy, but its answers take more than two seconds.'),
  since: time.nullable(),
  checked_at: time.nullable(),
  error: z.string().nullable(),
  latency_ms: z.number().nullable(),
  checks: z.array(z.strictObject({ transport: z.enum(['streamable-http', 'sse']), status, steps: z.array(step) })),
  seen_at: time.nullable(),
  announced: announced.nullable().describe('As the server last described itself.'),
  events: z.array(
    z.strictObject({
      at: time,
      state: z.enum([...status.options, 'unstable', 'slow']),
      latency_ms: z.number().nullable(),
      reason: z.string().nullable(),
    }),
  ),
  chart: z.strictObject({ day: z.array(sum), week: z.array(sum) }),
});

/**
 * `GET /servers/:name/health`, mounted at `/api`: the server's last check step by step, its self-description, its changes of
 * state, and sums of its checks for charts.
 */
export function createHealthApi(catalogue: Catalogue, historyOf: (server: string) => Promise<History>): Router {
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/servers/:name/health', async (req: Named, res) => {
    const entry = catalogue.get(personOf(req), req.params.name);
    if (!entry) throw notFound();
    const { status, checkedAt, error, details } = entry.health;
    const { events, chart } = await historyOf(entry.name);
    const answer: Answer<typeof serverHealth> = {
      name: entry.name,
      status,
      unstable: details?.unstable ?? false,
      slow: details?.slow ?? false,
      since: details?.since.toISOString() ?? null,
      checked_at: checkedAt?.toISOString() ?? null,
      error,
      latency_ms: details?.latencyMs ?? null,
      checks: details?.checks ?? [],
      seen_at: details?.seenAt?.toISOString() ?? null,
      announced: details?.announced ? withoutIcon(details.announced) : null,
      events: events.map(({ at, latencyMs, ...event }) => ({ ...event, at: at.toISOString(), latency_ms: latencyMs })),
      chart: { day: chart.day.map(toJson), week: chart.week.map(toJson) },
    };
    res.json(answer);
  });
  return api;
}

/** The icon may be a whole picture, which the pages show. */
function withoutIcon({ icon: _, ...announced }: SelfDescription): Answer<typeof serverHealth>['announced'] {
  return announced;
}

function toJson({ start, ok, failed, meanMs, longestMs }: History['chart']['day'][number]): Answer<typeof sum> {
  return { start: start.toISOString(), ok, failed, mean_ms: meanMs, longest_ms: longestMs };
}
