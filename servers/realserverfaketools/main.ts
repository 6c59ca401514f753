import * as z from 'zod';
import { runService } from '../../common/service/service.ts';
import { readConfig } from '../../common/settings/config.ts';
import { shapeFor } from '../../common/settings/table.ts';
import { createApp } from './server.ts';

const schema = z.object(shapeFor('realserverfaketools'));

await runService('realserverfaketools', process.env, (log) => {
  const config = readConfig(schema, process.env);
  return {
    listener: createApp(log),
    host: config.REALSERVERFAKETOOLS_HOST,
    port: config.REALSERVERFAKETOOLS_PORT,
    portVariable: 'REALSERVERFAKETOOLS_PORT',
  };
});
