import * as z from 'zod';
import { credentialHeaderFault, usualCredentialHeaders } from '../../common/upstream-secrets/credential-header.ts';
import { headerFault, mostForwardedHeaders } from '../servers/header-names.ts';
import { publishedName } from '../servers/names.ts';
import type { Transport } from '../servers/server.ts';
import { EntryRefused } from './bounds.ts';
import { namesOf } from './names.ts';
import { fillIn } from './url-template.ts';

const input = z.looseObject({
  name: z.string().optional(),
  value: z.string().optional(),
  default: z.string().optional(),
  isRequired: z.boolean().optional(),
  is_required: z.boolean().optional(),
  isSecret: z.boolean().optional(),
  is_secret: z.boolean().optional(),
});
const remote = z.looseObject({
  type: z.string().optional(),
  transport_type: z.string().optional(),
  transportType: z.string().optional(),
  transport: z.string().optional(),
  url: z.string('must be a URL').max(2_000, 'must have at most 2000 characters'),
  headers: z.array(input).optional(),
  variables: z.record(z.string(), input).optional(),
});
const packaged = z.looseObject({
  registryType: z.string().optional(),
  registry_type: z.string().optional(),
  registry_name: z.string().optional(),
  identifier: z.string().optional(),
  name: z.string().optional(),
  transport: z
    .union([z.looseObject({ type: z.string().optional(), url: z.string().optional() }), z.string()])
    .optional()
    .catch(undefined),
});

/** A `server.json` of 2025-12-11, or in an older spelling (`snake_case` until 2025-09, `version_detail` in 2025-07). */
export const serverJson = z.looseObject({
  name: z.string('must be text').regex(publishedName, 'must be like io.github.owner/name').max(200),
  // What only decorates a server is mended later, see `mend`.
  title: z.unknown().optional(),
  description: z.string('must be text'),
  version: z.unknown().optional(),
  version_detail: z.looseObject({ version: z.unknown().optional() }).nullish().catch(null),
  repository: z
    .union([z.looseObject({ url: z.unknown().optional() }), z.string()])
    .nullish()
    .catch(null),
  icons: z.array(z.unknown()).nullish().catch(null),
  remotes: z.preprocess(remoteList, z.array(remote).nullish()),
  packages: z.array(packaged).nullish(),
});

type ServerJson = z.output<typeof serverJson>;
type Remote = z.output<typeof remote>;

/** An imported server, and hints for the person. */
export interface Read {
  /** Not validated yet. */
  settings: Readonly<Record<string, unknown>> & { name: string };
  hints: string[];
}

const transportOf: Readonly<Record<string, Transport>> = {
  streamablehttp: 'streamable-http',
  streamable: 'streamable-http',
  httpstream: 'streamable-http',
  http: 'streamable-http',
  sse: 'sse',
};

/** Some files have one remote instead of a list, or remotes by their transports. */
function remoteList(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if ('url' in value) return [value];
  return Object.entries(value).map(([type, of]) => {
    if (typeof of === 'string') return { type, url: of };
    return typeof of === 'object' ? { type, ...of } : of;
  });
}

/** The transport of a remote or package, in each spelling; undefined for one that the gateway does not forward to. */
function transportIn(of: { type?: string | undefined; url?: string | undefined } & Record<string, unknown>) {
  const named = of.type ?? of.transport_type ?? of.transportType ?? of.transport;
  if (named === undefined) return /\/sse\/?(?:\?|$)/.test(of.url ?? '') ? 'sse' : 'streamable-http';
  return transportOf[
    String(named)
      .toLowerCase()
      .replace(/[^a-z]/g, '')
  ];
}

/**
 * A server of the MCP registry as input for a registration. Its remotes become the upstream.
 * @throws {EntryRefused} if it has no remote that the gateway can forward to
 */
export function fromServerJson(server: ServerJson): Read {
  const { name: alias, title, description, version, version_detail: detail, repository, icons } = server;
  const [name] = namesOf(alias);
  const { upstream, transports, used, hints } = locate(server);
  return {
    settings: {
      name,
      title: (typeof title === 'string' && title.trim()) || alias.slice(alias.indexOf('/') + 1),
      description,
      upstream,
      transports,
      version: version ?? detail?.version ?? null,
      repository: addressOf(typeof repository === 'string' ? repository : repository?.url),
      icons: (icons ?? []).map(iconOf),
      alias,
      forward_headers: forwardedNames(used),
    },
    hints: [...hints, ...used.flatMap(headerHints)],
  };
}

/** The https address of a repository, also of one in git's own spelling. */
function addressOf(given: unknown): unknown {
  if (typeof given !== 'string') return given || null;
  return given.replace(/^git\+(?=https:)/, '').replace(/^(?:git|ssh):\/\/(?:git@)?(?=[^/]+\/)/, 'https://') || null;
}

function iconOf(given: unknown): unknown {
  const icon = z
    .looseObject({ src: z.unknown(), mimeType: z.unknown(), sizes: z.unknown() })
    .partial()
    .safeParse(given);
  if (!icon.success) return given;
  const { src, mimeType, sizes } = icon.data;
  return {
    src,
    ...(mimeType !== undefined && { mimeType: mimeType === 'image/jpg' ? 'image/jpeg' : mimeType }),
    ...(sizes !== undefined && { sizes }),
  };
}

function locate(server: ServerJson) {
  const usable = (server.remotes ?? []).flatMap((each) => {
    const transport = transportIn(each);
    return transport ? [{ transport, each }] : [];
  });
  const main = usable.find(({ transport }) => transport === 'streamable-http') ?? usable[0];
  if (!main) throw new EntryRefused(withoutRemote(server));
  const url = urlOf(main.each);
  const other = usable.find(({ transport }) => transport !== main.transport);
  const otherUrl = other && urlOf(other.each);
  const together = other && otherUrl?.origin === url.origin;
  const hints =
    other && !together
      ? [`It also offers ${other.transport} at another address (${otherUrl?.origin}), which is not imported.`]
      : [];
  const pathOf = ({ pathname, search }: URL) => pathname + search;
  const transports = { [main.transport]: pathOf(url), ...(together && { [other.transport]: pathOf(otherUrl) }) };
  if (url.username || url.password) hints.push(credentialHint('in its address'));
  return { upstream: url.origin, transports, hints, used: together ? [main.each, other.each] : [main.each] };
}

function withoutRemote({ packages, remotes }: ServerJson): string {
  const [first] = packages ?? [];
  if (!first)
    return remotes?.length
      ? 'None of its remotes is streamable-http or sse.'
      : 'It has no remotes, so the gateway has nothing to forward to.';
  const kind = first.registryType ?? first.registry_type ?? first.registry_name ?? 'package';
  const what = `${kind} ${first.identifier ?? first.name ?? ''}`.trim();
  const { transport } = first;
  const served = typeof transport === 'object' ? transport : { type: transport };
  if (served.type !== undefined && transportIn(served))
    return `It is a package (${what}) that serves ${served.type}${served.url ? ` at ${served.url}` : ''} once it runs. Run it where the gateway can reach it, and register that address.`;
  return `It is only published as a package (${what}), which a client starts itself and uses over stdio. Run it behind a bridge to streamable HTTP, and register that address.`;
}

function urlOf({ url, variables }: Remote): URL {
  const { text, missing } = fillIn(url, variables ?? {});
  if (missing.length > 0) {
    const names = missing.map((name) => `{${name}}`).join(', ');
    throw new EntryRefused(
      `Its address ${url} has variables without a value: ${names}. Write the address out, then import it again.`,
    );
  }
  const parsed = URL.parse(text);
  if (!parsed) throw new EntryRefused(`Its address ${text} is not a URL.`);
  return parsed;
}

/** A credential, also where the entry does not say that it is one. */
function isUsual({ name = '' }: z.output<typeof input>): boolean {
  return usualCredentialHeaders.some((usual) => usual.toLowerCase() === name.toLowerCase());
}

function isRequired(header: z.output<typeof input>): boolean {
  return header.isRequired ?? header.is_required ?? header.value !== undefined;
}

/** Whether the callers choose the value of a header, and the gateway may pass it on. */
function isCallers({ name, value, isSecret, is_secret }: z.output<typeof input>): boolean {
  return value === undefined && !(isSecret ?? is_secret) && headerFault(name ?? '') === undefined;
}

function forwardedNames(remotes: readonly Remote[]): string[] {
  const headers = remotes.flatMap((each) => each.headers ?? []).filter(isCallers);
  const names = new Map(headers.map(({ name = '' }) => [name.toLowerCase(), name]));
  return [...names.values()].slice(0, mostForwardedHeaders);
}

function headerHints({ headers = [] }: Remote): string[] {
  const ofCallers = headers.filter((each) => isRequired(each) && isCallers(each)).map(({ name }) => name);
  const names = ofCallers.length > 0 ? [`Callers must send ${ofCallers.join(', ')} themselves.`] : [];
  const credentials = headers.filter(
    (each) =>
      isUsual(each) || (isRequired(each) && !isCallers(each) && credentialHeaderFault(each.name ?? '') === undefined),
  );
  return [...credentials.map(({ name }) => credentialHint(`in ${name}`)), ...names];
}

/** Tells the person how to give a server its credential. @param kind such as `in X-API-Key` */
export function credentialHint(kind: string): string {
  return `It requires a credential ${kind}: write it into UPSTREAM_SECRETS_FILE, and name that secret as the server's "auth".`;
}
