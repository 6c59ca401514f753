import * as z from 'zod';
import { runService } from '../../common/service/service.ts';
import { readConfig } from '../../common/settings/config.ts';
import { shapeFor } from '../../common/settings/table.ts';
import { createApp } from './server.ts';

const schema = z.object(shapeFor('fininfo'));

await runService('fininfo', process.env, (log) => {
  const config = readConfig(schema, process.env);
  return {
    listener: createApp(log, { url: config.POLYGON_API_URL, key: config.POLYGON_API_KEY }),
    host: config.FININFO_HOST,
    port: config.FININFO_PORT,
    portVariable: 'FININFO_PORT',
  };
});
