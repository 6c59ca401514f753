import * as z from 'zod';
import { port, readConfig } from '../../common/config.ts';
import { runService } from '../../common/service.ts';
import { createApp } from './server.ts';

const schema = z.object({
  CURRENTTIME_HOST: z.string().default('127.0.0.1'),
  CURRENTTIME_PORT: port.default(8000),
});

await runService('currenttime', process.env, (log) => {
  const config = readConfig(schema, process.env);
  return {
    listener: createApp(log, () => Temporal.Now.instant()),
    host: config.CURRENTTIME_HOST,
    port: config.CURRENTTIME_PORT,
    portVariable: 'CURRENTTIME_PORT',
  };
});
