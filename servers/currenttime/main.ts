import * as z from 'zod';
import { runService } from '../../common/service/service.ts';
import { readConfig } from '../../common/settings/config.ts';
import { shapeFor } from '../../common/settings/table.ts';
import { createApp } from './server.ts';

const schema = z.object(shapeFor('currenttime'));

await runService('currenttime', process.env, (log) => {
  const config = readConfig(schema, process.env);
  return {
    listener: createApp(log, () => Temporal.Now.instant()),
    host: config.CURRENTTIME_HOST,
    port: config.CURRENTTIME_PORT,
    portVariable: 'CURRENTTIME_PORT',
  };
});
