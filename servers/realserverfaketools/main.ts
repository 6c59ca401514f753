import * as z from 'zod';
import { readConfig } from '../../common/config.ts';
import { runService } from '../../common/service.ts';
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
