import { resolve } from 'node:path';
import { home } from '../common/settings/values.ts';

/**
 * The folder of the databases that a command works on: `DATA_DIR`, or `UP_DATA_DIR`, or `data`.
 * @param folder a relative path counts from here, as it does for the services
 */
export function dataFolder(env: NodeJS.ProcessEnv, folder = home): string {
  return resolve(folder, env.DATA_DIR?.trim() || env.UP_DATA_DIR?.trim() || 'data');
}
