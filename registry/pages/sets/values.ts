import type { RegistryError } from '../../errors/registry-error.ts';
import type { RegisteredServer, SetMember } from '../../servers/server.ts';

/** The fields of the form of a set, in order, and their labels. */
export const labels = {
  title: 'Title',
  name: 'Name',
  description: 'Description',
  members: 'Tools',
  plain: 'Server with plain names',
  tags: 'Tags',
} as const;

export type Field = keyof typeof labels;
export const fields = Object.keys(labels) as Field[];

/** Messages by field; `form` is for faults that belong to no field. */
export type Faults = Partial<Record<Field | 'form', string>>;

/** The input of the form, exactly as typed and chosen. */
export interface Values extends Record<'title' | 'name' | 'description' | 'plain' | 'tags', string> {
  /** Names of the servers all of whose tools are chosen. */
  all: ReadonlySet<string>;
  /** The chosen tools by server. */
  tools: ReadonlyMap<string, ReadonlySet<string>>;
  enabled: boolean;
}

export const emptyValues: Values = {
  ...{ title: '', name: '', description: '', plain: '', tags: '' },
  ...{ all: new Set<string>(), tools: new Map(), enabled: true },
};

/** What a form brings at most: its body is bounded as well. */
const mostChosen = 10_000;

/** The input of a form that was sent. A chosen tool comes as `tool=<server> <tool>`. */
export function valuesIn(form: URLSearchParams): Values {
  const typed = (field: string) => form.get(field) ?? '';
  const tools = new Map<string, Set<string>>();
  for (const chosen of form.getAll('tool').slice(0, mostChosen)) {
    const [server, tool] = [chosen.slice(0, chosen.indexOf(' ')), chosen.slice(chosen.indexOf(' ') + 1)];
    tools.set(server, (tools.get(server) ?? new Set()).add(tool));
  }
  return {
    ...{ title: typed('title'), name: typed('name'), description: typed('description') },
    ...{ plain: typed('plain'), tags: typed('tags') },
    ...{ all: new Set(form.getAll('all')), tools, enabled: form.get('enabled') === 'on' },
  };
}

/** The form for a set's current settings. */
export function valuesOf({ title, name, description, tags, members, enabled }: RegisteredServer): Values {
  const chosen = (members ?? []).flatMap(({ server, tools }) => (tools ? [[server, new Set(tools)] as const] : []));
  return {
    ...{ title, name, description, tags: tags.join(', '), enabled },
    plain: members?.find(({ prefix }) => prefix !== null)?.server ?? '',
    all: new Set(members?.filter(({ tools }) => tools === null).map(({ server }) => server)),
    tools: new Map(chosen),
  };
}

/** The form as input of the API, whose own reader validates it. */
export function inputOf({ title, name, description, tags, enabled, ...chosen }: Values) {
  return {
    name: name.trim(),
    title,
    description: description.trim().replace(/[ \t]*\r?\n\s*/g, ' '),
    members: membersOf(chosen),
    tags: [...new Set(tags.split(/[,\n]/).map((tag) => tag.trim()))].filter(Boolean),
    enabled,
  };
}

function membersOf({ all, tools, plain }: Pick<Values, 'all' | 'tools' | 'plain'>): SetMember[] {
  const names = [...new Set([...all, ...tools.keys()])].sort();
  return names.map((server) => ({
    server,
    tools: all.has(server) ? null : [...(tools.get(server) ?? [])],
    prefix: server === plain ? 'never' : null,
  }));
}

/** The faults of the form for a refusal of the API. */
export function faultsOf({ code, message, faults }: RegistryError): Faults {
  if (code === 'name_taken' || code === 'not_permitted') return { name: message };
  if (!faults) return { form: message };
  const found: Faults = {};
  for (const { path, message: text } of faults) {
    const field = fields.find((each) => each === path.split('.')[0]) ?? 'form';
    const sentence = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
    found[field] ??= field === 'members' && path === 'members' ? 'Choose a tool, or all tools of a server.' : sentence;
  }
  return found;
}
