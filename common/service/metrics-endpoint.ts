import type { RequestListener } from 'node:http';
import { lateListener } from './late-listener.ts';
import type { Endpoint } from './listen.ts';

/** Metrics: text in the Prometheus format 0.0.4, and its media type. */
export interface Shown {
  text(): Promise<string>;
  contentType: string;
}

/**
 * The metrics as a further address of a service: `GET /metrics` on a port of its own, because clients of the gateway must
 * not see names of servers or rates of denials. Express is loaded for the first scrape, so that the service starts sooner.
 */
export function metricsEndpoint(metrics: Shown, at: Omit<Endpoint, 'listener'>): Endpoint {
  return { listener: lateListener(() => createApp(metrics)), ...at };
}

async function createApp(metrics: Shown): Promise<RequestListener> {
  const { default: express } = await import('express');
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
