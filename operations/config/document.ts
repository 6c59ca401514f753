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
  const rows = Object.entries(part).map(([name, setting]) => {
    const cells = [
      `\`${name}\`${setting.secret ? ' (secret)' : ''}`,
      defaultOf(setting),
      setting.purpose,
      readers(setting),
    ];
    return `| ${cells.join(' | ')} |\n`;
  });
  return `\n## ${title}\n\n| Variable | Default | What it is | Read by |\n|---|---|---|---|\n${rows.join('')}`;
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
