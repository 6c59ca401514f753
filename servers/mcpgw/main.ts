import * as z from 'zod';
import { runService } from '../../common/service/service.ts';
import { readConfig } from '../../common/settings/config.ts';
import { shapeFor } from '../../common/settings/table.ts';
import { createApp } from './server.ts';

const schema = z.object(shapeFor('mcpgw'));

await runService('mcpgw', process.env, (log) => {
  const config = readConfig(schema, process.env);
  return {
    listener: createApp(log, config.REGISTRY_INTERNAL_URL),
    host: config.MCPGW_HOST,
    port: config.MCPGW_PORT,
    portVariable: 'MCPGW_PORT',
  };
});
