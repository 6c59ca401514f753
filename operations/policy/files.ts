import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { parsePolicy } from '../../common/policy/policy-file.ts';
import { policyVersion } from '../../common/policy/policy-watch.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import type { Policy } from '../../policy/policy.ts';

/** Wrong arguments or a file that cannot be used: the command ends with exit code 2 and this message. */
export class CannotRun extends Error {}

/** Where the policy is if no argument says so: `SCOPES_FILE`, as for the services, or the shipped file. */
export function defaultPolicyFile(env: NodeJS.ProcessEnv): string {
  return resolve(import.meta.dirname, '..', '..', env.SCOPES_FILE || 'scopes.yml');
}

/** A policy, and which text of its file that is, as the gateway's log and metrics name it. */
export interface VersionedPolicy extends Policy {
  version: string;
}

/**
 * Reads a policy file.
 * @param path from where the command was called; `-` is standard input
 * @throws {CannotRun} with every fault of the file
 */
export function readPolicyFile(path: string, env: NodeJS.ProcessEnv): VersionedPolicy {
  const text = readText(path, env);
  try {
    return { ...parsePolicy(text), version: policyVersion(text) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CannotRun(`${path} cannot be used:\n${error.faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/**
 * Reads the names of the servers in a file like registry/servers.yml; nothing else in it is looked at.
 * @throws {CannotRun} if it is not a list of servers with names
 */
export function readServerNames(path: string, env: NodeJS.ProcessEnv): Set<string> {
  const text = readText(path, env);
  try {
    return new Set(
      z
        .array(z.object({ name: z.string() }))
        .parse(parse(text))
        .map(({ name }) => name),
    );
  } catch {
    throw new CannotRun(`${path} is not a list of servers, each with a name, like registry/servers.yml.`);
  }
}

/**
 * Reads a text file. npm runs a script in the project's folder; INIT_CWD is where the person was who called it.
 * @throws {CannotRun} if it cannot be read
 */
export function readText(path: string, env: NodeJS.ProcessEnv): string {
  try {
    return readFileSync(path === '-' ? 0 : resolve(env.INIT_CWD || '.', path), 'utf8');
  } catch (error) {
    throw new CannotRun(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}
