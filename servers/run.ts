import type { RequestListener } from 'node:http';
import * as z from 'zod';
import type { Logger } from '../common/service/log.ts';
import { runService } from '../common/service/service.ts';
import { type BundledServer, hostVariable, portVariable } from '../common/settings/bundled-servers.ts';
import { readConfig } from '../common/settings/config.ts';
import { type ShapeFor, shapeFor } from '../common/settings/table.ts';

/** The settings that a bundled server reads. */
type Config<N extends BundledServer> = Readonly<z.output<z.ZodObject<ShapeFor<N>>>>;

/** What answers, and what ends streams and timers when the program is to stop. */
interface Stoppable {
  app: RequestListener;
  stop: () => void;
}

/** Runs a bundled server at the address of its settings, until SIGTERM or SIGINT. */
export function runServer<N extends BundledServer>(
  name: N,
  env: NodeJS.ProcessEnv,
  createApp: (log: Logger, config: Config<N>) => RequestListener | Stoppable,
): Promise<void> {
  return runService(name, env, (log) => {
    const config: Config<N> = readConfig(z.object(shapeFor(name)), env);
    const { [hostVariable(name)]: host, [portVariable(name)]: port } = config as Record<string, unknown>;
    const created = createApp(log, config);
    return {
      ...(typeof created === 'function' ? { listener: created } : { listener: created.app, beforeStop: created.stop }),
      host: String(host),
      port: Number(port),
      portVariable: portVariable(name),
    };
  });
}
