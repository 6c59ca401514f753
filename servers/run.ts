import type { RequestListener } from 'node:http';
import * as z from 'zod';
import type { Logger } from '../common/service/log.ts';
import { runService } from '../common/service/service.ts';
import { type BundledServer, hostVariable, portVariable } from '../common/settings/bundled-servers.ts';
import { readConfig } from '../common/settings/config.ts';
import { type ShapeFor, shapeFor } from '../common/settings/table.ts';

/** The settings that a bundled server reads. */
type Config<N extends BundledServer> = Readonly<z.output<z.ZodObject<ShapeFor<N>>>>;

/** Runs a bundled server at the address of its settings, until SIGTERM or SIGINT. */
export function runServer<N extends BundledServer>(
  name: N,
  env: NodeJS.ProcessEnv,
  createApp: (log: Logger, config: Config<N>) => RequestListener,
): Promise<void> {
  return runService(name, env, (log) => {
    const config: Config<N> = readConfig(z.object(shapeFor(name)), env);
    const { [hostVariable(name)]: host, [portVariable(name)]: port } = config as Record<string, unknown>;
    return {
      listener: createApp(log, config),
      host: String(host),
      port: Number(port),
      portVariable: portVariable(name),
    };
  });
}
