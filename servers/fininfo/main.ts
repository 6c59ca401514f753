import { runServer } from '../run.ts';
import { createApp } from './server.ts';

await runServer('fininfo', process.env, (log, config) =>
  createApp(log, { url: config.POLYGON_API_URL, key: config.POLYGON_API_KEY }),
);
