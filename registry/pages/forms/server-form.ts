import type { InputFault, RegistryError } from '../../errors/registry-error.ts';
import type { ServerSettings } from '../../servers/server.ts';

/** The fields of the form, in the order in which they stand there. */
export const fields = [
  'name',
  'title',
  'description',
  'tags',
  'upstream',
  'mcp_path',
  'sse_path',
  'secret',
  'version',
  'license',
  'repository',
  'alias',
  'icons',
] as const;

export type Field = (typeof fields)[number];

/** What stands in the form, letter for letter as it was typed. */
export type Values = Record<Field, string> & { enabled: boolean };

/** What each field is called. */
export const labels: Readonly<Record<Field, string>> = {
  name: 'Name',
  title: 'Title',
  description: 'Description',
  tags: 'Tags',
  upstream: 'Upstream URL',
  mcp_path: 'Path of Streamable HTTP',
  sse_path: 'Path of SSE',
  secret: 'Secret',
  version: 'Version',
  license: 'License',
  repository: 'Repository',
  alias: 'Published name',
  icons: 'Icons',
};

/** What is wrong, by field; `form` is for what belongs to none. */
export type Faults = Partial<Record<Field | 'form', string>>;

/** An empty form. */
export const emptyValues: Values = {
  ...(Object.fromEntries(fields.map((field) => [field, ''])) as Record<Field, string>),
  enabled: true,
};

/** What was sent. */
export function valuesIn(form: URLSearchParams): Values {
  const typed = Object.fromEntries(fields.map((field) => [field, form.get(field) ?? '']));
  return { ...(typed as Record<Field, string>), enabled: form.get('enabled') === 'on' };
}

/** A server as it stands in the form. */
export function valuesOf(server: ServerSettings): Values {
  return {
    name: server.name,
    title: server.title,
    description: server.description,
    tags: server.tags.join(', '),
    upstream: server.upstream,
    mcp_path: server.transports['streamable-http'] ?? '',
    sse_path: server.transports.sse ?? '',
    secret: server.auth?.secret ?? '',
    version: server.version ?? '',
    license: server.license ?? '',
    repository: server.repository ?? '',
    alias: server.alias ?? '',
    icons: server.icons
      .map(({ src, mimeType, sizes = [] }) => [src, mimeType, ...sizes].filter(Boolean).join(' '))
      .join('\n'),
    enabled: server.enabled,
  };
}

/** What the form says, as the API would be sent it; whether it is good is for the API's own reader to say. */
export function inputOf(values: Values): Record<string, unknown> {
  const { upstream, transports } = locationOf(values);
  const optional = (field: Field) => values[field].trim() || null;
  return {
    name: values.name.trim(),
    title: values.title,
    // The field is higher than one line, so people break lines in it.
    description: values.description.trim().replace(/[ \t]*\r?\n\s*/g, ' '),
    upstream,
    transports,
    tags: [...new Set(values.tags.split(/[,\n]/).map((tag) => tag.trim()))].filter(Boolean),
    version: optional('version'),
    repository: optional('repository'),
    license: optional('license'),
    icons: linesOf(values.icons).map(iconOf),
    auth: optional('secret') && { secret: optional('secret') },
    alias: optional('alias'),
    enabled: values.enabled,
  };
}

/** Without paths of their own, the URL's path is taken: people paste what their client has, `http://host/mcp`. */
function locationOf({ upstream, mcp_path, sse_path }: Values): { upstream: string; transports: object } {
  const [mcp, sse] = [mcp_path.trim(), sse_path.trim()];
  const transports = { ...(mcp && { 'streamable-http': mcp }), ...(sse && { sse }) };
  if (mcp || sse) return { upstream, transports };
  const url = URL.parse(upstream.trim());
  if (!url || url.pathname === '/' || url.search || url.hash || url.username)
    return { upstream, transports: { 'streamable-http': '/mcp' } };
  const path = url.pathname.replace(/(?<=.)\/$/, '');
  return {
    upstream: `${url.protocol}//${url.host}`,
    transports: { [path.endsWith('/sse') ? 'sse' : 'streamable-http']: path },
  };
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

/** A line such as `https://example.com/icon.png image/png 48x48 96x96`; what comes after the address may be left out. */
function iconOf(line: string): object {
  const [src, ...rest] = line.split(/\s+/);
  const mimeType = rest.find((word) => word.includes('/'));
  const sizes = rest.filter((word) => word !== mimeType);
  return { src, ...(mimeType && { mimeType }), ...(sizes.length > 0 && { sizes }) };
}

const places: Readonly<Record<string, Field>> = {
  'transports.streamable-http': 'mcp_path',
  'transports.sse': 'sse_path',
  transports: 'mcp_path',
  auth: 'secret',
  'auth.secret': 'secret',
};

/** Where in the form a refusal of the API belongs. */
export function faultsOf({ code, message, faults }: RegistryError): Faults {
  if (faults) return faultsAt(faults);
  if (code === 'upstream_refused') return { upstream: message };
  if (code === 'name_taken') return message.includes('alias') ? { alias: message } : { name: message };
  return { form: message };
}

function faultsAt(faults: readonly InputFault[]): Faults {
  const found: Faults = {};
  for (const { path, message } of faults) {
    const [head = '', index] = path.split('.');
    const known = places[path] ?? (fields as readonly string[]).includes(head);
    const field = places[path] ?? (known ? (head as Field) : 'form');
    const which =
      index !== undefined && /^\d+$/.test(index) ? `${head === 'icons' ? 'Line' : 'Tag'} ${Number(index) + 1} ` : '';
    found[field] ??= asSentence(which ? `${which}${message}` : message);
  }
  return found;
}

/** `must not be empty` → `Must not be empty.` */
function asSentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
