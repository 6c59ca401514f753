import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import * as z from 'zod';
import { cognitoIssuer, localPoolId } from '../../common/identity/cognito.ts';
import { readConfig } from '../../common/settings/config.ts';
import { readEnvFile } from '../../common/settings/env-file.ts';
import { settings, shapeFor } from '../../common/settings/table.ts';
import { attempt } from '../../common/text/config-error.ts';

/** What the checks use: the settings as the services would get them. */
export interface Setup {
  /** The operator's folder, from which relative paths of the settings count. */
  root: string;
  env: NodeJS.ProcessEnv;
  /** The agent's settings, if there are any for this pool. */
  agentEnv: NodeJS.ProcessEnv | undefined;
  /** Names of groups to check (`--group`). */
  groups: readonly string[];
}

/** The settings that are needed to talk to the user pool. */
export type PoolSetup = NonNullable<ReturnType<typeof poolSetup>>;

/**
 * Reads the settings as `npm run up` does: `.env`, or else `.env.example`; the environment takes precedence.
 * @returns the settings, and the file that they are from
 */
export function readSetup(root: string, environment: NodeJS.ProcessEnv, groups: readonly string[]) {
  const { env, file } = readEnvFile(environment, root);
  const setup: Setup = { root, env, agentEnv: readAgent(root, env, environment), groups };
  return { setup, file };
}

/** The agent's own file. The demo's agent is used only with the demo's user pool. */
function readAgent(root: string, env: NodeJS.ProcessEnv, environment: NodeJS.ProcessEnv): Setup['agentEnv'] {
  const own = join(root, 'agents', '.env.agent');
  const demo = env.COGNITO_USER_POOL_ID === localPoolId ? join(root, 'agents', '.env.agent.example') : undefined;
  const file = existsSync(own) ? own : demo;
  if (file === undefined) return undefined;
  // Take only the stand-in's address from the environment: its COGNITO_CLIENT_ID may be the gateway's.
  const { COGNITO_LOCAL_ENDPOINT } = { ...env, ...environment };
  return { ...(COGNITO_LOCAL_ENDPOINT && { COGNITO_LOCAL_ENDPOINT }), ...parseEnv(readFileSync(file, 'utf8')) };
}

/** `SECRET_KEY`, or the key that `npm run up` has generated; undefined before its first start. */
export function secretKeyOf({ root, env }: Setup): string | undefined {
  if (env.SECRET_KEY?.trim()) return env.SECRET_KEY.trim();
  const kept = join(resolve(root, env.UP_DATA_DIR?.trim() || 'data'), 'secret-key');
  return existsSync(kept) ? readFileSync(kept, 'utf8').trim() : undefined;
}

const poolSchema = z.object(shapeFor('auth-server')).omit({ SECRET_KEY: true });

/** The settings to talk to the user pool; undefined if they have faults. */
export function poolSetup(setup: Setup) {
  const names = /^(COGNITO_|REGISTRY_URL$)/;
  const env = Object.fromEntries(Object.entries(setup.env).filter(([name]) => names.test(name)));
  const { value: config } = attempt(() => readConfig(poolSchema, env));
  if (!config) return undefined;
  const poolId = config.COGNITO_USER_POOL_ID;
  return {
    poolId,
    issuer: cognitoIssuer(poolId),
    /** The local stand-in's address if the pool is its own. */
    standIn: poolId === localPoolId ? config.COGNITO_LOCAL_ENDPOINT : undefined,
    clientId: config.COGNITO_CLIENT_ID,
    clientSecret: config.COGNITO_CLIENT_SECRET,
    cliClientId: config.COGNITO_CLI_CLIENT_ID,
    allowedClientIds: [config.COGNITO_CLIENT_ID, ...config.COGNITO_ALLOWED_CLIENT_IDS],
    publicUrl: config.REGISTRY_URL,
    callback: `${config.REGISTRY_URL}/oauth2/callback/cognito`,
    signOut: `${config.REGISTRY_URL}/login`,
  };
}

/** The gateway's public address, or undefined if it is invalid. */
export function publicUrlOf({ env }: Setup): string | undefined {
  return settings.REGISTRY_URL.schema.safeParse(env.REGISTRY_URL?.trim() || undefined).data;
}
