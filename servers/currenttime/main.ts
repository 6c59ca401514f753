import { runServer } from '../run.ts';
import { createApp } from './server.ts';

await runServer('currenttime', process.env, (log) => createApp(log, () => Temporal.Now.instant()));
