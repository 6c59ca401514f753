import express from 'express';
import type { Endpoint } from './listen.ts';

/** Metrics: text in the Prometheus format 0.0.4, and its media type. */
export interface Shown {
  text(): Promise<string>;
  contentType: string;
}

/**
 * The metrics as a further address of a service: `GET /metrics` on a port of its own, because clients of the gateway must
 * not see names of servers or rates of denials.
 */
export function metricsEndpoint(metrics: Shown, at: Omit<Endpoint, 'listener'>): Endpoint {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/metrics', async (_req, res) => {
    const text = await metrics.text();
    res.set('Cache-Control', 'no-store').set('Content-Type', metrics.contentType).send(text);
  });
  app.use((_req, res) => void res.status(404).type('text').send('The metrics are at /metrics.\n'));
  return { listener: app, ...at };
}
