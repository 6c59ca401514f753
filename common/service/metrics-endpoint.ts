import express, { type Express } from 'express';
import type { Endpoint } from './service.ts';

/** Metrics: text in the Prometheus format 0.0.4, and its media type. */
export interface Shown {
  text(): Promise<string>;
  contentType: string;
}

/** `GET /metrics`, for a port of its own: clients of the gateway must not see names of servers or rates of denials. */
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

/** The metrics as a further address of a service. */
export function metricsEndpoint(metrics: Shown, at: Omit<Endpoint, 'listener'>): Endpoint {
  return { listener: createMetricsApp(metrics), ...at };
}
