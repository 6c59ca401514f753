import * as z from 'zod';
import { boundEntry, EntryRefused } from './bounds.ts';
import { fromClientServer, isClientServer } from './client-config.ts';
import { mend } from './mend.ts';
import { plainName } from './names.ts';
import { fromOriginal, originalServer } from './original.ts';
import { credentialHint, fromServerJson, type Read, serverJson } from './server-json.ts';
import { publishedTags } from './tags.ts';

const mostFaults = 10;
const longestPath = 200;
/** All else of a set is read as a registration is. */
const ofSet = z.looseObject({ name: z.string(), members: z.array(z.unknown()) });
const wrapped = z.looseObject({ server: z.looseObject({}) });
/** What the MCP registry itself says of a version (`_meta` of its API). */
const official = z.looseObject({
  _meta: z.looseObject({
    'io.modelcontextprotocol.registry/official': z.looseObject({
      status: z.string().optional(),
      isLatest: z.boolean().optional(),
    }),
  }),
});

function ofRegistry(entry: unknown): { status?: string | undefined; isLatest?: boolean | undefined } {
  const found = official.safeParse(entry);
  return found.success ? found.data._meta['io.modelcontextprotocol.registry/official'] : {};
}

/** An entry as input for a registration. */
export type Entry = Read & { format: 'server.json' | 'original' | 'client' | 'set' };

/**
 * Reads one entry: a set as the API and SERVERS_FILE write it, a `server.json`, alone or as the MCP registry API answers it (`{server, _meta}`), a server file of the
 * Python original, or a server of a client's configuration.
 * @throws {EntryRefused} if it is neither, or cannot be a server here
 */
export function readEntry(entry: unknown): Entry {
  boundEntry(entry);
  const set = ofSet.safeParse(entry);
  if (set.success) return { settings: set.data, hints: [], format: 'set' };
  if (isClientServer(entry)) return { ...mended(fromClientServer(entry)), format: 'client' };
  const { status, isLatest } = ofRegistry(entry);
  if (status === 'deleted') throw new EntryRefused('Its makers have deleted it from the registry it comes from.');
  if (isLatest === false) throw new EntryRefused('It is not the newest version. Import that one.');
  const inner = wrapped.safeParse(entry);
  const value = inner.success ? inner.data.server : entry;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || !('name' in value || 'server_name' in value))
    throw new EntryRefused('It is neither a server.json ("name") nor a server file of the original ("server_name").');
  if ('server_name' in value) {
    const server = parse(originalServer, value);
    return { ...mended(readOriginal(server)), format: 'original' };
  }
  const read = fromServerJson(parse(serverJson, value));
  const tags = publishedTags(value === entry ? [value] : [value, entry]);
  const { settings, hints } = mended({ ...read, settings: { ...read.settings, ...(tags && { tags }) } });
  const old = status === 'deprecated' ? ['Its makers call it deprecated.'] : [];
  return { settings, hints: [...hints, ...old], format: 'server.json' };
}

function mended({ settings, hints }: Read): Read {
  const better = mend(settings);
  return { settings: better.settings, hints: [...hints, ...better.hints] };
}

/** A path of several segments, or with capitals, becomes a name of one; a credential in an address stays out. */
function readOriginal(server: z.output<typeof originalServer>): Read {
  const hints = hintsOn(server);
  const url = URL.parse(server.proxy_pass_url);
  if (url && (url.username || url.password)) {
    url.username = '';
    url.password = '';
    hints.push(credentialHint('in its address'));
  }
  const settings = fromOriginal({ ...server, proxy_pass_url: url?.href ?? server.proxy_pass_url });
  const { name } = settings;
  if (!/^[A-Za-z0-9_./ -]*$/.test(name) || /^[a-z0-9_-]+$/.test(name)) return { settings, hints };
  const plain = plainName(name);
  return {
    settings: { ...settings, name: plain },
    hints: [...hints, `Its path ${server.path} became the name ${plain}.`],
  };
}

const accountsHint =
  'It wants OAuth (oauth): for each person\'s own account, the operator adds an entry with "account" to UPSTREAM_SECRETS_FILE, and the server\'s "auth" names it (docs/accounts.md).';

function hintsOn({ auth_type: type, auth_scheme: scheme, headers }: z.output<typeof originalServer>): string[] {
  const kind = type ?? scheme ?? 'none';
  if (kind === 'oauth') return [accountsHint];
  if (kind !== 'none') return [credentialHint(`(${kind})`)];
  const sent = Array.isArray(headers) ? headers.flatMap((each) => Object.keys(each ?? {})) : Object.keys(headers ?? {});
  return sent.length > 0 ? [credentialHint(`in ${sent.slice(0, mostFaults).join(', ').slice(0, longestPath)}`)] : [];
}

function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues
    .slice(0, mostFaults)
    .map(({ path, message }) => `${path.join('.').slice(0, longestPath) || 'it'}: ${message}`);
  throw new EntryRefused(`It cannot be read. ${faults.join('; ')}.`);
}
