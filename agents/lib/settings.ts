import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import * as z from 'zod';
import { poolIdPattern } from '../../common/identity/cognito.ts';
import { readConfig } from '../../common/settings/config.ts';
import { parseEnvFile } from '../../common/settings/env-file.ts';
import { invalidSetting } from '../../common/settings/invalid-setting.ts';
import { settings as every, shapeFor } from '../../common/settings/table.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import type { Context } from './context.ts';
import { usageError } from './failure.ts';

/** Whose settings: of a person (`agents/.env.user`), or of an agent with its own identity (`agents/.env.agent`). */
export type Mode = 'user' | 'agent';

/** The options that choose the identity. */
export interface IdentityOptions {
  /** `--use-session-cookie`: act as the logged-in person instead of the agent. */
  useSessionCookie?: boolean | undefined;
  /** `--session-cookie-file`: implies `useSessionCookie`. */
  sessionCookieFile?: string | undefined;
}

/** The mode of the chosen identity. */
export function modeOf({ useSessionCookie, sessionCookieFile }: IdentityOptions): Mode {
  return useSessionCookie || sessionCookieFile !== undefined ? 'user' : 'agent';
}

export interface SettingsOptions {
  mode: Mode;
  /** `--env-file`: replaces the default file. */
  envFile?: string | undefined;
  /** `--gateway`: takes precedence over all settings. */
  gateway?: string | undefined;
}

const shape = shapeFor('agents');
const gatewaySchema = z.object({ REGISTRY_URL: shape.REGISTRY_URL });
const poolSchema = z.object(shape);

/** The settings of a command. */
export interface Settings {
  mode: Mode;
  /** The origin of the gateway: `http://localhost:8080`. */
  gateway: string;
  /** The address of the tool finder: `MCP_REGISTRY_URL`, or `<gateway>/mcpgw/sse`. */
  registryUrl: string;
  /** The file that the settings come from, for messages: `agents/.env.agent`. */
  file: string;
  /** Every variable of the file, under those of the environment; for commands with settings of their own. */
  env: NodeJS.ProcessEnv;
  /** Problems that do not stop a command. */
  notices: readonly string[];
}

/** The app client and its user pool. */
export type PoolSettings = Readonly<z.output<typeof poolSchema>>;

/**
 * Reads the settings. Precedence: the command line, the environment, the file of `--env-file` or else `agents/.env.user` or
 * `.env.agent`, or else the example beside it, which holds the demo's settings. The gateway's address may come from its own
 * `.env`. Ignores unknown variables.
 * @throws {CommandError} usage: the file is missing, the address is invalid or a leftover placeholder
 */
export function readSettings(context: Context, { mode, envFile, gateway }: SettingsOptions): Settings {
  const { path, shown } = findFile(context, mode, envFile);
  const fromFile = readFile(path, shown);
  const env: NodeJS.ProcessEnv = withAddresses(context, fromFile, path.endsWith('.example'));
  // A gateway from elsewhere must not be combined with the file's tool finder.
  if (gateway !== undefined || context.env.REGISTRY_URL?.trim()) delete env.MCP_REGISTRY_URL;
  Object.assign(env, set(context.env));
  if (gateway !== undefined) {
    env.REGISTRY_URL = gateway;
    delete env.MCP_REGISTRY_URL;
  }
  // The original's .env.agent names only the tool finder, which has the gateway's origin.
  if (!env.REGISTRY_URL?.trim()) env.REGISTRY_URL = URL.parse(env.MCP_REGISTRY_URL ?? '')?.origin;
  const { REGISTRY_URL } = read(gatewaySchema, env, shown);
  return {
    mode,
    gateway: REGISTRY_URL,
    registryUrl: registryUrl(env, REGISTRY_URL, shown),
    file: shown,
    env,
    notices: noticesOn(fromFile, shown),
  };
}

/** Reads the user pool's settings. @throws {CommandError} usage, naming each missing or invalid variable and the file */
export function poolSettings({ env, file }: Settings): PoolSettings {
  return read(poolSchema, env, file);
}

/**
 * Adds where the gateway of this checkout is, as its `.env` says: on other ports than usual the commands must find it too.
 * @param isTemplate whether the settings are those of the demo, whose addresses are the usual ones
 */
function withAddresses({ folder }: Context, file: NodeJS.Dict<string>, isTemplate: boolean): NodeJS.ProcessEnv {
  const path = join(folder, '..', '.env');
  const ofGateway = set(existsSync(path) ? parseEnvFile(path) : {});
  const {
    REGISTRY_URL,
    COGNITO_PORT,
    COGNITO_LOCAL_ENDPOINT = COGNITO_PORT && `http://127.0.0.1:${COGNITO_PORT}`,
  } = ofGateway;
  const namesGateway = file.REGISTRY_URL?.trim() || file.MCP_REGISTRY_URL?.trim();
  return {
    ...file,
    ...(REGISTRY_URL && (isTemplate || !namesGateway) && { REGISTRY_URL }),
    ...(COGNITO_LOCAL_ENDPOINT && (isTemplate || !file.COGNITO_LOCAL_ENDPOINT?.trim()) && { COGNITO_LOCAL_ENDPOINT }),
  };
}

/** The non-empty variables, so that an empty one does not hide one of the file. */
function set(env: NodeJS.Dict<string>): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
}

function findFile({ folder }: Context, mode: Mode, envFile: string | undefined): { path: string; shown: string } {
  if (envFile !== undefined) return { path: envFile, shown: envFile };
  const own = join(folder, `.env.${mode}`);
  const path = existsSync(own) ? own : `${own}.example`;
  return { path, shown: join('agents', relative(folder, path)) };
}

function readFile(path: string, shown: string): NodeJS.Dict<string> {
  try {
    return parseEnvFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw usageError(`The settings file ${shown} ${why}.`, [], error);
  }
}

function read<T extends z.ZodType<object>>(schema: T, env: NodeJS.ProcessEnv, file: string): Readonly<z.output<T>> {
  try {
    return readConfig(schema, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = error.faults.map((fault) => `  ${fault}`).join('\n');
    const hints = [`Set them in ${file} or in the environment; docs/cognito.md says where each value comes from.`];
    throw usageError(`These settings cannot be used:\n${faults}`, hints, error);
  }
}

function registryUrl(env: NodeJS.ProcessEnv, origin: string, file: string): string {
  const given = env.MCP_REGISTRY_URL?.trim();
  if (!given) return `${origin}/mcpgw/sse`;
  const url = URL.parse(given);
  if (url && /^https?:$/.test(url.protocol) && !url.username && !invalidSetting(given)) return given;
  throw usageError(`MCP_REGISTRY_URL in ${file} is not a URL.`, [
    `Example: ${origin}/mcpgw/sse, which is also the default.`,
  ]);
}

/** Notices on variables that this command does not need. */
function noticesOn(file: NodeJS.Dict<string>, shown: string): string[] {
  // With a model it may be the region of Amazon Bedrock.
  const region = file.AWS_REGION?.trim();
  const pool = poolIdPattern.exec(file.COGNITO_USER_POOL_ID?.trim() ?? '')?.[1];
  const elsewhere =
    region && pool && region !== pool && !file.MODEL && !invalidSetting(region)
      ? [`AWS_REGION in ${shown} is ${region}, but the user pool is in ${pool}, which takes precedence.`]
      : [];
  return [...elsewhere, ...placeholders(file, shown)];
}

function placeholders(file: NodeJS.Dict<string>, shown: string): string[] {
  return Object.entries(file).flatMap(([name, value]) => {
    if (!Object.hasOwn(every, name) || name in shape || !invalidSetting(value?.trim() ?? '')) return [];
    return [`${name} in ${shown} is still the template's example value and is ignored.`];
  });
}
