import { type Setting, services } from '../../common/settings/setting.ts';
import { sections } from '../../common/settings/table.ts';
import { root } from '../../common/settings/values.ts';

const head = `# Configuration

Every environment variable. This page is generated from the table in \`common/settings/\` by
\`npm run -s docs:configuration\`.

\`npm run up\` reads \`.env\`, or \`.env.example\` if there is none; the environment takes precedence. An empty variable counts
as unset. Surrounding white space is trimmed; quotes and placeholders (\`your_…\`, \`<…>\`, \`changeme\`) are refused. A
service with invalid settings does not start, and names all faults at once. A name that is almost one of these causes a
warning. \`npm run doctor\` checks the settings and the user pool. Secrets are never printed or logged.
`;

/** The text of docs/configuration.md. */
export function configurationDocument(): string {
  return `${head}${sections.map(([title, part]) => section(title, part)).join('')}`;
}

function section(title: string, part: Readonly<Record<string, Setting>>): string {
  const settings = Object.entries(part);
  const programs = [...new Set(settings.map(([, setting]) => readers(setting)))];
  // One reader for all: said once, not in each row.
  const isShared = programs.length === 1;
  const columns = ['Variable', 'Default', 'What it is', ...(isShared ? [] : ['Read by'])];
  const rows = settings.map(([name, setting]) => [
    `\`${name}\`${setting.secret ? ' (secret)' : ''}`,
    defaultOf(setting),
    setting.purpose,
    ...(isShared ? [] : [readers(setting)]),
  ]);
  const table = [columns, ...rows].map((cells) => `| ${cells.join(' | ')} |\n`);
  table.splice(1, 0, `|${'---|'.repeat(columns.length)}\n`);
  return `\n## ${title}\n\n${isShared ? `Read by ${programs[0]}.\n\n` : ''}${table.join('')}`;
}

function readers({ readBy }: Setting): string {
  if (services.every((service) => readBy.includes(service)))
    return ['all services', ...readBy.slice(services.length)].join(', ');
  return readBy.length > 0 ? readBy.join(', ') : 'doctor';
}

function defaultOf({ schema, shownDefault }: Setting): string {
  if (shownDefault !== undefined) return shownDefault;
  const result = schema.safeParse(undefined);
  if (!result.success) return '(required)';
  const value = Array.isArray(result.data) ? result.data.join(',') : String(result.data ?? '');
  return value === '' ? 'none' : `\`${value.replace(`${root}/`, '')}\``;
}
