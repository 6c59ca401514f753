import express, { type Express } from 'express';
import type { Endpoint } from './service.ts';

/** What can be shown at `/metrics`: text in the Prometheus format 0.0.4, and its media type. */
export interface Shown {
  text(): Promise<string>;
  contentType: string;
}

/**
 * `GET /metrics`, for a port of its own: the names of servers and the rate of denials are nobody's business who only
 * reaches the gateway.
 */
function createMetricsApp(metrics: Shown): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/metrics', async (_req, res) => {
    const text = await metrics.text();
    res.set('Cache-Control', 'no-store').set('Content-Type', metrics.contentType).send(text);
  });
  app.use((_req, res) => void res.status(404).type('text').send('The metrics are at /metrics.\n'));
  return app;
}

/** The metrics as an address beside a service's own. */
export function metricsEndpoint(metrics: Shown, at: Omit<Endpoint, 'listener'>): Endpoint {
  return { listener: createMetricsApp(metrics), ...at };
}
