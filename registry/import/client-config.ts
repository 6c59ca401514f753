import * as z from 'zod';
import { EntryRefused } from './bounds.ts';
import { plainName } from './names.ts';
import { credentialHint, type Read } from './server-json.ts';

const longest = 2_000;
const withName = z.looseObject({ clientServer: z.string().max(longest), config: z.looseObject({}) });
const config = z.looseObject({
  type: z.string().optional(),
  transport: z.string().optional(),
  url: z.string().max(longest).optional(),
  serverUrl: z.string().max(longest).optional(),
  httpUrl: z.string().max(longest).optional(),
  headers: z.record(z.string(), z.unknown()).optional(),
});

/** One server of a client's configuration (`{"mcpServers": {"name": {"url": …}}}`), as {@link clientServers} makes it. */
export const isClientServer = (value: unknown): boolean => withName.safeParse(value).success;

/** The servers of a client's configuration, one entry each; undefined if the value is none. */
export function clientServers(value: unknown): unknown[] | undefined {
  const found = z.looseObject({ mcpServers: z.record(z.string(), z.unknown()) }).safeParse(value);
  if (!found.success) return undefined;
  return Object.entries(found.data.mcpServers).map(([clientServer, of]) => ({ clientServer, config: of }));
}

/**
 * A server of a client's configuration as input for a registration.
 * @throws {EntryRefused} if the client starts it itself, or its address is no URL
 */
export function fromClientServer(value: unknown): Read {
  const { clientServer, config: raw } = withName.parse(value);
  const { type, transport, url, serverUrl, httpUrl, headers = {} } = config.parse(raw);
  const address = url ?? httpUrl ?? serverUrl;
  if (address === undefined)
    throw new EntryRefused(
      'A client starts it itself and uses it over stdio. Run it behind a bridge to streamable HTTP, and register that address.',
    );
  const parsed = URL.parse(address);
  if (!parsed) throw new EntryRefused('Its address is not a URL.');
  const isSse = /sse/i.test(type ?? transport ?? '') || /\/sse\/?$/.test(parsed.pathname);
  const withCredential = Object.keys(headers).map((header) => credentialHint(`in ${header}`));
  const user = parsed.username || parsed.password ? [credentialHint('in its address')] : [];
  return {
    settings: {
      name: plainName(clientServer),
      title: clientServer,
      description: clientServer,
      upstream: parsed.origin,
      transports: { [isSse ? 'sse' : 'streamable-http']: parsed.pathname + parsed.search },
    },
    hints: [...user, ...withCredential],
  };
}
