import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { configFileError } from '../files/config-file.ts';
import { type Found, reasonOf, usualInterval, watchContent } from '../files/watched-file.ts';
import type { Logger } from '../service/log.ts';
import { ConfigError } from '../text/config-error.ts';
import {
  type Credential,
  longestCredential,
  parseSecrets,
  type SecretEntry,
  type SecretHeader,
  secretsError,
  toCredential,
} from './secrets-file.ts';

/** The credentials that the gateway sends to upstreams. */
export interface UpstreamSecrets {
  /**
   * The secret `name` as headers; undefined if there is none, or if it must not be sent there.
   * @param to the server's name at the gateway, and its upstream's origin, such as `https://mcp.example.com`
   */
  find(name: string, to: { server: string; origin: string }): readonly Credential[] | undefined;
  /** Faults of the file as it stands now; empty when it is in force. */
  faults(): readonly string[];
  onChange(listener: () => void): void;
  stop(): void;
}

interface SecretsOptions {
  /** The file; without one there are no secrets. */
  path: string | undefined;
  /** Environment variables, for secrets that name one. */
  env: NodeJS.ProcessEnv;
  log: Logger;
  intervalMilliseconds?: number;
}

type Kept = SecretEntry & { credentials: readonly Credential[] };

type Loaded = Awaited<ReturnType<typeof load>>;

/** No secrets at all. */
export const noSecrets: UpstreamSecrets = {
  find: () => undefined,
  faults: () => [],
  onChange: () => undefined,
  stop: () => undefined,
};

/**
 * Reads the secrets for upstreams, and reads them again within half a second of each change of the file or of a file that
 * it names. A broken state never replaces a good one: the last good secrets stay in force, the log and `faults()` tell.
 * Nothing of a secret is ever logged.
 * @throws {ConfigError} if the file cannot be used at the start
 */
export async function watchUpstreamSecrets(options: SecretsOptions): Promise<UpstreamSecrets> {
  const { path, env, log, intervalMilliseconds = usualInterval } = options;
  if (path === undefined) return noSecrets;
  const read = () => load(path, env);
  let inForce = await read().catch((error: unknown) => {
    throw configFileError('UPSTREAM_SECRETS_FILE', path, error);
  });
  let faults: readonly string[] = [];
  const listeners: (() => void)[] = [];
  const warn = (warnings: readonly string[]) => {
    for (const warning of warnings) log.warn({ path }, warning);
  };
  warn(inForce.warnings);
  const changed = (found: Found<Loaded>) => {
    if ('error' in found) {
      faults = faultsOf(found.error);
      log.error({ path, faults }, 'the changed upstream secrets cannot be used; the last good ones stay in force');
      return;
    }
    const loaded = found.value;
    const isNew = loaded.digest !== inForce.digest || faults.length > 0;
    warn(loaded.warnings.filter((warning) => !inForce.warnings.includes(warning)));
    inForce = loaded;
    faults = [];
    if (!isNew) return;
    log.info({ path, names: [...loaded.secrets.keys()] }, 'upstream secrets read again');
    for (const listener of listeners) listener();
  };
  const keyOf = ({ digest, warnings }: Loaded) => [digest, ...warnings].join('\n');
  const stop = watchContent({ value: inForce }, read, keyOf, changed, intervalMilliseconds);
  return {
    find(name, { server, origin }) {
      const kept = inForce.secrets.get(name);
      if (!kept?.for.includes(origin)) return undefined;
      return kept.servers?.includes(server) === false ? undefined : kept.credentials;
    },
    faults: () => faults,
    onChange: (listener) => void listeners.push(listener),
    stop,
  };
}

function faultsOf(error: unknown): readonly string[] {
  return error instanceof ConfigError ? error.faults : [`cannot be read (${reasonOf(error)})`];
}

/**
 * Reads the file and the files that it names.
 * @returns the secrets by name; `digest` is their SHA-256, to compare two states
 */
async function load(path: string, env: NodeJS.ProcessEnv) {
  const entries = parseSecrets(await readFile(path, 'utf8'));
  const read = await Promise.all(entries.map((entry) => resolveEntry(entry, dirname(path), env)));
  const faults = read.flatMap((each) => (typeof each === 'string' ? [each] : []));
  if (faults.length > 0) throw secretsError(faults);
  const kept = read.filter((each) => typeof each !== 'string');
  return {
    secrets: new Map(kept.map((each) => [each.name, each])),
    digest: hash('sha256', JSON.stringify(kept)),
    warnings: await warningsOn(path, entries),
  };
}

/** @returns the entry with its credentials, or its first fault */
async function resolveEntry(entry: SecretEntry, folder: string, env: NodeJS.ProcessEnv): Promise<Kept | string> {
  const read = await Promise.all(entry.headers.map((header) => resolveHeader(header, folder, env)));
  const fault = read.find((each) => typeof each === 'string');
  if (fault !== undefined) return `${entry.name}.${fault}`;
  const credentials = read.filter((each) => typeof each !== 'string');
  const length = credentials.reduce((sum, { value }) => sum + value.length, 0);
  if (length > longestCredential) return `${entry.name}: is longer than ${longestCredential} characters in all`;
  return { ...entry, credentials };
}

/** @returns the credential, or its fault with its place in the entry */
async function resolveHeader(header: SecretHeader, folder: string, env: NodeJS.ProcessEnv) {
  const { place, source } = header;
  const [field, text] = await textOf(source, folder, env).catch((error: unknown) => [
    'file',
    new Error(`cannot be read (${reasonOf(error)})`),
  ]);
  if (text === undefined) return `${place}env: there is no such environment variable`;
  const credential = text instanceof Error ? text.message : toCredential(header, text);
  return typeof credential === 'string' ? `${place}${field}: ${credential}` : credential;
}

async function textOf(
  source: SecretHeader['source'],
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<[field: string, text: string | Error | undefined]> {
  if ('value' in source) return ['value', source.value];
  if ('env' in source) return ['env', env[source.env]?.trim()];
  // Editors and `echo` end a file with a line break that is not part of the secret.
  return ['file', (await readFile(resolve(folder, source.file), 'utf8')).replace(/\r?\n$/, '')];
}

/** What does not stop the secrets from being used, and should be repaired all the same. */
async function warningsOn(path: string, entries: readonly SecretEntry[]): Promise<string[]> {
  const sources = entries.flatMap(({ headers }) => headers.map(({ source }) => source));
  const files = [path, ...sources.flatMap((source) => ('file' in source ? [source.file] : []))];
  const readable = await Promise.all(
    files.map(async (file) => {
      const { mode } = await stat(resolve(dirname(path), file));
      return mode & 0o007 ? [`${file} can be read by every user of this machine: chmod 600`] : [];
    }),
  );
  const plain = entries.flatMap(({ name, for: origins }) =>
    origins
      .filter((origin) => origin.startsWith('http:') && !/^http:\/\/(localhost|127\.0\.0\.1)(:|$)/.test(origin))
      .map((origin) => `the secret "${name}" goes to ${origin} unencrypted: anyone on the way can read it`),
  );
  return [...readable.flat(), ...plain];
}
