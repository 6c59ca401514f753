import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import * as z from 'zod';
import { parseYaml } from '../../common/files/yaml-file.ts';
import { parsePolicy } from '../../common/policy/policy-file.ts';
import { policyVersion } from '../../common/policy/policy-in-force.ts';
import { readEnvFile } from '../../common/settings/env-file.ts';
import { home } from '../../common/settings/values.ts';
import { cleanText } from '../../common/text/clean.ts';
import { attempt, ConfigError } from '../../common/text/config-error.ts';
import type { Policy } from '../../policy/policy.ts';
import type { ListedTool } from '../../policy/review/lint/arguments.ts';
import type { ListedSet } from '../../policy/review/lint/sets.ts';
import { CommandError, type Context, print } from '../command.ts';
import { isEditable, versionInForce } from './in-force.ts';

/** The policy's file if no argument names one: `SCOPES_FILE`, as for the services, or the file that comes with the project. */
export function defaultPolicyFile(env: NodeJS.ProcessEnv): string {
  return resolve(home, env.SCOPES_FILE || 'scopes.yml');
}

/** A policy, and the version of its text as the gateway's log and metrics name it. */
export type VersionedPolicy = Policy & { version: string };

/** A policy, and where it is from, in words. */
export interface NamedPolicy {
  file: string;
  policy: VersionedPolicy;
}

/**
 * Reads the policy that a command is about: a file, or without one the policy in force. That is the newest version in the database
 * with `POLICY_EDITABLE=true`, and otherwise the file of the settings. Settings come from the environment or `.env`.
 * @param path as for {@link readPolicyFile}; undefined for the policy in force
 * @throws {CommandError} if it cannot be read, or is none
 */
export async function readPolicyInForce(path: string | undefined, context: Context): Promise<NamedPolicy> {
  if (path !== undefined) return { file: path, policy: await readPolicyFile(path, context) };
  const { env } = readEnvFile(context.env);
  if (!isEditable(env)) {
    const file = defaultPolicyFile(env);
    return { file, policy: await readPolicyFile(file, context) };
  }
  const { number, text, where } = await versionInForce(env);
  const file = `the policy in force, number ${number} in ${where}`;
  return { file, policy: parsed(text, file) };
}

/**
 * Reads a policy file. What has ended by now grants nothing.
 * @param path counts from where the command was called; `-` is standard input
 * @throws {CommandError} with every fault of the file
 */
export async function readPolicyFile(path: string, context: Context): Promise<VersionedPolicy> {
  return parsed(await readText(path, context), path);
}

function parsed(text: string, path: string): VersionedPolicy {
  const { value, faults } = attempt(() => parsePolicy(text, Date.now()));
  if (!value) throw new CommandError(new ConfigError(faults, path).message);
  return { ...value, version: policyVersion(text) };
}

const member = z.object({ server: z.string(), tools: z.array(z.string()).nullable().default(null) });
const servers = z.array(z.object({ name: z.string(), members: z.array(member).nullish() }));

/**
 * Reads the names of the servers in a file like registry/servers.yml, and what its sets offer, and nothing else in it.
 * @throws {CommandError} if it is not a list of servers with names
 */
export async function readServerList(path: string, context: Context) {
  const text = await readText(path, context);
  try {
    const all = parseYaml(text, servers, { subject: path, aliases: true });
    const sets = all.flatMap(({ name, members }): ListedSet[] => (members ? [{ name, members }] : []));
    return { names: new Set(all.map(({ name }) => name)), sets };
  } catch {
    throw new CommandError(`${path} is not a list of servers, each with a name, like registry/servers.yml.`);
  }
}

const tools = z.object({
  tools: z.array(z.object({ server: z.string(), name: z.string(), inputSchema: z.unknown().optional() })),
});

/**
 * Reads tools as `mcp-gateway tools --json` prints them.
 * @throws {CommandError} if it is something else
 */
export async function readToolList(path: string, context: Context): Promise<ListedTool[]> {
  const text = await readText(path, context);
  try {
    return tools.parse(JSON.parse(text)).tools;
  } catch {
    throw new CommandError(`${path} is not what "mcp-gateway tools --json" prints: {"tools": [{server, name, …}]}.`);
  }
}

/**
 * Reads a text file. npm runs a script in the project's folder; INIT_CWD is the folder in which npm was called.
 * @throws {CommandError} if it cannot be read
 */
export async function readText(path: string, { env, stdin }: Context): Promise<string> {
  try {
    return path === '-' ? await text(stdin) : await readFile(resolve(env.INIT_CWD || '.', path), 'utf8');
  } catch (error) {
    throw new CommandError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** Prints text that may hold names from tokens and files: none of them can act on the terminal. */
export function printPlain(context: Context, text: string): void {
  print(context, cleanText(stripVTControlCharacters(text), { keep: '\n' }));
}
