import { runServer } from '../run.ts';
import { createApp } from './server.ts';

await runServer('realserverfaketools', process.env, createApp);
