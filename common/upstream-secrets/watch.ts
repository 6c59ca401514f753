import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { configFileError } from '../files/config-file.ts';
import { type Found, reasonOf, usualInterval, watchContent } from '../files/watched-file.ts';
import type { Logger } from '../service/log.ts';
import { ConfigError } from '../text/config-error.ts';
import { type AccountEntry, type AccountProvider, identityOf, type SecretSource } from './account-entry.ts';
import {
  type Credential,
  longestCredential,
  parseSecrets,
  type SecretEntry,
  type SecretHeader,
  type SecretsFile,
  secretsError,
  toCredential,
} from './secrets-file.ts';
import { coversServer } from './server-address.ts';

/** The credentials that the gateway sends to upstreams, and the providers of people's accounts there. */
export interface UpstreamSecrets {
  /**
   * The secret `name` as headers; undefined if there is none, or if it must not be sent there.
   * @param to the server's name at the gateway, and its upstream's origin, such as `https://mcp.example.com`
   */
  find(name: string, to: { server: string; origin: string }): readonly Credential[] | undefined;
  /**
   * The account provider `name`; undefined if there is none, or if the server must not get its tokens.
   * @param to the server's name at the gateway, and its whole address (server-address.ts)
   */
  account(name: string, to: { server: string; address: string }): AccountProvider | undefined;
  /** All account providers by their names, whatever servers they are for. */
  accounts(): ReadonlyMap<string, AccountProvider>;
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
  account: () => undefined,
  accounts: () => new Map(),
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
    log.info({ path, names: [...loaded.secrets.keys(), ...loaded.accounts.keys()] }, 'upstream secrets read again');
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
    account(name, { server, address }) {
      const provider = inForce.accounts.get(name);
      if (!provider || !coversServer(provider.for, address)) return undefined;
      return provider.servers?.includes(server) === false ? undefined : provider;
    },
    accounts: () => inForce.accounts,
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
  const file = parseSecrets(await readFile(path, 'utf8'));
  const [secrets, accounts] = await Promise.all([
    Promise.all(file.secrets.map((entry) => resolveEntry(entry, dirname(path), env))),
    Promise.all(file.accounts.map((entry) => resolveAccount(entry, dirname(path), env))),
  ]);
  const faults = [...secrets, ...accounts].filter((each) => typeof each === 'string');
  if (faults.length > 0) throw secretsError(faults);
  const kept = secrets.filter((each) => typeof each !== 'string');
  const providers = accounts.filter((each) => typeof each !== 'string');
  return {
    secrets: new Map(kept.map((each) => [each.name, each])),
    accounts: new Map(providers.map((each) => [each.name, each])),
    digest: hash('sha256', JSON.stringify([kept, providers])),
    warnings: await warningsOn(path, file),
  };
}

/** @returns the provider with its secret, or its first fault */
async function resolveAccount(
  entry: AccountEntry,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<AccountProvider | string> {
  const identity = identityOf(entry);
  const source = entry.client?.secret;
  if (source === undefined) return { ...entry, identity, clientSecret: undefined };
  const clientSecret = await readText(source, folder, env);
  const place = `${entry.name}.account.client_secret`;
  if ('fault' in clientSecret) return `${place}.${clientSecret.fault}`;
  const { field, text } = clientSecret;
  if (!/^[!-~](?:[ -~]*[!-~])?$/.test(text)) return `${place}.${field}: must be one line of printable characters`;
  if (text.length > longestCredential) return `${place}.${field}: is longer than ${longestCredential} characters`;
  return { ...entry, identity, clientSecret: text };
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
  const read = await readText(source, folder, env);
  if ('fault' in read) return `${place}${read.fault}`;
  const credential = toCredential(header, read.text);
  return typeof credential === 'string' ? `${place}${read.field}: ${credential}` : credential;
}

/** @returns the text and the field that it came from, or what is wrong, such as `file: cannot be read (…)` */
async function readText(source: SecretSource, folder: string, env: NodeJS.ProcessEnv) {
  try {
    const [field, text] = await textOf(source, folder, env);
    return text === undefined ? { fault: 'env: there is no such environment variable' } : { field, text };
  } catch (error) {
    return { fault: `file: cannot be read (${reasonOf(error)})` };
  }
}

async function textOf(
  source: SecretSource,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<[field: string, text: string | undefined]> {
  if ('value' in source) return ['value', source.value];
  if ('env' in source) return ['env', env[source.env]?.trim()];
  // Editors and `echo` end a file with a line break that is not part of the secret.
  return ['file', (await readFile(resolve(folder, source.file), 'utf8')).replace(/\r?\n$/, '')];
}

/** What does not stop the secrets from being used, and should be repaired all the same. */
async function warningsOn(path: string, { secrets, accounts }: SecretsFile): Promise<string[]> {
  const sources = [
    ...secrets.flatMap(({ headers }) => headers.map(({ source }) => source)),
    ...accounts.flatMap(({ client }) => client?.secret ?? []),
  ];
  const files = [path, ...sources.flatMap((source) => ('file' in source ? [source.file] : []))];
  const readable = await Promise.all(
    files.map(async (file) => {
      const { mode } = await stat(resolve(dirname(path), file));
      return mode & 0o007 ? [`${file} can be read by every user of this machine: chmod 600`] : [];
    }),
  );
  const plain = [...secrets, ...accounts].flatMap(({ name, for: places }) =>
    places
      .filter((place) => place.startsWith('http:') && !/^http:\/\/(localhost|127\.0\.0\.1)(:|\/|$)/.test(place))
      .map((origin) => `the secret "${name}" goes to ${origin} unencrypted: anyone on the way can read it`),
  );
  return [...readable.flat(), ...plain];
}
