import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseEnv } from 'node:util';
import * as z from 'zod';
import { poolIdPattern } from '../../common/identity/cognito.ts';
import { readConfig } from '../../common/settings/config.ts';
import { spoiltBy } from '../../common/settings/spoilt.ts';
import { settings as every, shapeFor } from '../../common/settings/table.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import type { Context } from './context.ts';
import { CommandError, exitCodes } from './failure.ts';

/** Whose settings: of a person (`agents/.env.user`), or of an agent with its own identity (`agents/.env.agent`). */
export type Mode = 'user' | 'agent';

/** As whom something is done. */
export interface IdentityOptions {
  /** `--use-session-cookie`: as the person who has logged in, instead of as the agent. */
  useSessionCookie?: boolean | undefined;
  /** `--session-cookie-file`: implies `useSessionCookie`. */
  sessionCookieFile?: string | undefined;
}

/** Which settings belong to an identity. */
export function modeOf({ useSessionCookie, sessionCookieFile }: IdentityOptions): Mode {
  return useSessionCookie || sessionCookieFile !== undefined ? 'user' : 'agent';
}

export interface SettingsOptions {
  mode: Mode;
  /** `--env-file`: read instead of the usual file. */
  envFile?: string | undefined;
  /** `--gateway`: counts before everything else. */
  gateway?: string | undefined;
}

const shape = shapeFor('agents');
const gatewaySchema = z.object({ REGISTRY_URL: shape.REGISTRY_URL });
const poolSchema = z.object(shape);

/** What a command works with. */
export interface Settings {
  mode: Mode;
  /** Where the gateway is, as an origin: `http://localhost:8080`. */
  gateway: string;
  /** Where the tool finder is: `MCP_REGISTRY_URL`, or `<gateway>/mcpgw/sse`. */
  registryUrl: string;
  /** The file that the settings come from, for messages: `agents/.env.agent`. */
  file: string;
  /** Every variable of the file, under those of the environment; for commands with settings of their own. */
  env: NodeJS.ProcessEnv;
  /** Odd things that do not stop a command. */
  notices: readonly string[];
}

/** The app client and its user pool. */
export type PoolSettings = Readonly<z.output<typeof poolSchema>>;

/**
 * Reads where the gateway is. What counts first: the command line, the environment, the file given by `--env-file` or else
 * `agents/.env.user` or `.env.agent`, or else the example beside it, which is the demo's. Unknown variables are ignored.
 * @throws {CommandError} usage: a file that is not there, an address that is none, a placeholder that nobody has replaced
 */
export function readSettings(context: Context, { mode, envFile, gateway }: SettingsOptions): Settings {
  const { path, shown } = findFile(context, mode, envFile);
  const fromFile = readFile(path, shown);
  const env: NodeJS.ProcessEnv = { ...fromFile };
  // Another gateway than the file's is not to be sent to the tool finder of that.
  if (gateway !== undefined || context.env.REGISTRY_URL?.trim()) delete env.MCP_REGISTRY_URL;
  Object.assign(env, set(context.env));
  if (gateway !== undefined) {
    env.REGISTRY_URL = gateway;
    delete env.MCP_REGISTRY_URL;
  }
  // The original's .env.agent names only the tool finder; its gateway is where that is.
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

/** @throws {CommandError} usage, naming each variable that is missing or cannot be used, and the file */
export function poolSettings({ env, file }: Settings): PoolSettings {
  return read(poolSchema, env, file);
}

/** An empty variable of the environment does not hide one of the file. */
function set(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
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
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
    throw new CommandError(exitCodes.usage, `The settings file ${shown} ${why}.`, { cause: error });
  }
}

function read<T extends z.ZodType<object>>(schema: T, env: NodeJS.ProcessEnv, file: string): Readonly<z.output<T>> {
  try {
    return readConfig(schema, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = error.faults.map((fault) => `  ${fault}`).join('\n');
    const hints = [`Set them in ${file} or in the environment; docs/cognito.md says where each value comes from.`];
    throw new CommandError(exitCodes.usage, `These settings cannot be used:\n${faults}`, { hints, cause: error });
  }
}

function registryUrl(env: NodeJS.ProcessEnv, origin: string, file: string): string {
  const given = env.MCP_REGISTRY_URL?.trim();
  if (!given) return `${origin}/mcpgw/sse`;
  const url = URL.parse(given);
  if (url && /^https?:$/.test(url.protocol) && !url.username && !spoiltBy(given)) return given;
  throw new CommandError(exitCodes.usage, `MCP_REGISTRY_URL in ${file} is no address.`, {
    hints: [`It looks like ${origin}/mcpgw/sse; without it, that one is used.`],
  });
}

/** What is odd in variables that this command may do without. */
function noticesOn(file: NodeJS.Dict<string>, shown: string): string[] {
  // Beside a model it may be the region of Amazon Bedrock.
  const region = file.AWS_REGION?.trim();
  const pool = poolIdPattern.exec(file.COGNITO_USER_POOL_ID?.trim() ?? '')?.[1];
  const elsewhere =
    region && pool && region !== pool && !file.MODEL && !spoiltBy(region)
      ? [`AWS_REGION in ${shown} is ${region}, but the user pool is in ${pool}, and that counts.`]
      : [];
  return [...elsewhere, ...placeholders(file, shown)];
}

function placeholders(file: NodeJS.Dict<string>, shown: string): string[] {
  return Object.entries(file).flatMap(([name, value]) => {
    if (!Object.hasOwn(every, name) || name in shape || !spoiltBy(value?.trim() ?? '')) return [];
    return [`${name} in ${shown} is still the template's example value; nothing uses it as it is.`];
  });
}
