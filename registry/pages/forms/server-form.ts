import type { InputFault, RegistryError } from '../../errors/registry-error.ts';
import { accountOf, type ServerSettings } from '../../servers/server.ts';

/** The fields of the form, in order, and their labels. */
export const labels = {
  name: 'Name',
  title: 'Title',
  description: 'Description',
  tags: 'Tags',
  upstream: 'Address',
  mcp_path: 'Path of Streamable HTTP',
  sse_path: 'Path of SSE',
  whose: 'Whose credential it wants',
  secret: 'Secret',
  account: 'Entry with accounts',
  checks: 'Credential for checks',
  forward_headers: 'Headers that callers may send',
  host_header: 'Host header',
  health_seconds: 'Seconds that a health check waits',
  may: 'What it may ask of people through the hub',
  version: 'Version',
  license: 'License',
  repository: 'Repository',
  alias: 'Published name',
  icons: 'Icons',
} as const;

export type Field = keyof typeof labels;
export const fields = Object.keys(labels) as Field[];

/** The input of the form, exactly as typed. */
export type Values = Record<Field, string> & { enabled: boolean };

/** Messages by field; `form` is for faults that belong to no field. */
export type Faults = Partial<Record<Field | 'form', string>>;

/** An empty form. */
export const emptyValues: Values = {
  ...(Object.fromEntries(fields.map((field) => [field, ''])) as Record<Field, string>),
  whose: 'none',
  enabled: true,
};

/** The input of a form that was sent. */
export function valuesIn(form: URLSearchParams): Values {
  const typed = Object.fromEntries(
    fields.map((field) => [field, field === 'may' ? form.getAll(field).join(', ') : (form.get(field) ?? '')]),
  );
  return { ...(typed as Record<Field, string>), enabled: form.get('enabled') === 'on' };
}

/** The revision that a form was made from; undefined if the form names none. */
export function revisionIn(form: URLSearchParams): number | undefined {
  const text = form.get('revision') ?? '';
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/** The form for an imported entry. Its settings are not validated yet. */
export function valuesOfEntry(entry: Readonly<Record<string, unknown>>): Values {
  const blank = {
    title: '',
    description: '',
    upstream: '',
    transports: {},
    icons: [],
    enabled: true,
    tags: [],
    forward_headers: [],
    may: [],
  };
  return valuesOf({ ...blank, ...entry } as unknown as ServerSettings);
}

/** The form for a server's current settings. */
export function valuesOf(server: ServerSettings): Values {
  return {
    name: server.name,
    title: server.title,
    description: server.description,
    tags: server.tags.join(', '),
    upstream: server.upstream,
    mcp_path: server.transports['streamable-http'] ?? '',
    sse_path: server.transports.sse ?? '',
    whose: !server.auth ? 'none' : 'account' in server.auth ? 'person' : 'operator',
    secret: server.auth && 'secret' in server.auth ? server.auth.secret : '',
    account: accountOf(server) ?? '',
    checks: (server.auth && 'account' in server.auth && server.auth.checks) || '',
    forward_headers: server.forward_headers.join(', '),
    host_header: server.host_header ?? '',
    health_seconds: server.health_seconds?.toString() ?? '',
    may: server.may.join(', '),
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

/** The form as input of the API, whose own reader validates it. */
export function inputOf(values: Values): Record<string, unknown> {
  const { upstream, transports } = locationOf(values);
  const optional = (field: Field) => values[field].trim() || null;
  return {
    name: values.name.trim(),
    title: values.title,
    // The field has several rows, so people break lines in it.
    description: values.description.trim().replace(/[ \t]*\r?\n\s*/g, ' '),
    upstream,
    transports,
    tags: [...new Set(values.tags.split(/[,\n]/).map((tag) => tag.trim()))].filter(Boolean),
    version: optional('version'),
    repository: optional('repository'),
    license: optional('license'),
    icons: values.icons.split('\n').flatMap(iconOf),
    forward_headers: [...new Set(values.forward_headers.split(/[,\s]+/))].filter(Boolean),
    host_header: optional('host_header'),
    health_seconds: numberOf(values.health_seconds),
    may: values.may.split(', ').filter(Boolean),
    auth: authOf(values),
    alias: optional('alias'),
    enabled: values.enabled,
  };
}

/** The credential that the server gets. A form that does not say whose it is has the one that is named. */
function authOf({ whose, secret, account, checks }: Values): object | null {
  const given = { secret: secret.trim(), account: account.trim(), checks: checks.trim() };
  const isOf = whose || (given.account ? 'person' : given.secret ? 'operator' : 'none');
  if (isOf === 'operator') return { secret: given.secret };
  return isOf === 'person' ? { account: given.account, ...(given.checks && { checks: given.checks }) } : null;
}

/** A number as one; anything else as it was typed, for the API's reader to refuse. */
function numberOf(typed: string): number | string | null {
  const text = typed.trim();
  if (text === '') return null;
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** If both path fields are empty, the URL's path counts: people paste what their client has, `http://host/mcp`. */
function locationOf({ upstream, mcp_path, sse_path }: Values): { upstream: string; transports: object } {
  const [mcp, sse] = [mcp_path.trim(), sse_path.trim()];
  const transports = { ...(mcp && { 'streamable-http': mcp }), ...(sse && { sse }) };
  if (mcp || sse) return { upstream, transports };
  const url = URL.parse(upstream.trim());
  if (!url || url.pathname + url.search === '/' || url.hash || url.username)
    return { upstream, transports: { 'streamable-http': '/mcp' } };
  return {
    upstream: `${url.protocol}//${url.host}`,
    transports: { [/\/sse\/?$/.test(url.pathname) ? 'sse' : 'streamable-http']: url.pathname + url.search },
  };
}

/** Reads a line such as `https://example.com/icon.png image/png 48x48 96x96`. An empty line is no icon. */
function iconOf(line: string): object[] {
  const [src, ...rest] = line.trim().split(/\s+/);
  if (!src) return [];
  const mimeType = rest.find((word) => word.includes('/'));
  const sizes = rest.filter((word) => word !== mimeType);
  return [{ src, ...(mimeType && { mimeType }), ...(sizes.length > 0 && { sizes }) }];
}

const places: Readonly<Record<string, Field>> = {
  'transports.streamable-http': 'mcp_path',
  'transports.sse': 'sse_path',
  transports: 'mcp_path',
  auth: 'secret',
  'auth.secret': 'secret',
  'auth.account': 'account',
  'auth.checks': 'checks',
};

/** What an item of a list field is called. */
const items: Readonly<Record<string, string>> = { icons: 'Line', forward_headers: 'Name', may: 'Permission' };

/** The faults of the form for a refusal of the API. */
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
    const field = places[path] ?? fields.find((each) => each === head) ?? 'form';
    const isItem = index !== undefined && /^\d+$/.test(index);
    const which = isItem ? `${items[head] ?? 'Tag'} ${Number(index) + 1} ` : '';
    found[field] ??= asSentence(`${which}${message}`);
  }
  return found;
}

/** `must not be empty` → `Must not be empty.` */
function asSentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
