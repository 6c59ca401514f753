import * as z from 'zod';
import { origin, port, readConfig } from '../../common/config.ts';
import { runService } from '../../common/service.ts';
import { createApp } from './server.ts';

const schema = z.object({
  MCPGW_HOST: z.string().default('127.0.0.1'),
  MCPGW_PORT: port.default(8003),
  REGISTRY_INTERNAL_URL: origin.default('http://127.0.0.1:7860'),
});

await runService('mcpgw', process.env, (log) => {
  const config = readConfig(schema, process.env);
  return {
    listener: createApp(log, config.REGISTRY_INTERNAL_URL),
    host: config.MCPGW_HOST,
    port: config.MCPGW_PORT,
    portVariable: 'MCPGW_PORT',
  };
});
