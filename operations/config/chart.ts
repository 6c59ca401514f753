import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Program } from '../../common/settings/setting.ts';
import { settingList } from '../../common/settings/table.ts';
import { root } from '../../common/settings/values.ts';
import { innerSettings } from '../../common/settings/variables/inner.ts';

/** The programs that run in a cluster. */
const programs: readonly Program[] = ['auth-server', 'registry', 'relay', 'hub', 'mcpgw', 'currenttime'];
/** What nginx reads besides: its scripts are no program of the table. */
const readByNginx: readonly string[] = ['CONNECTIONS_PER_ADDRESS', 'TLS', 'TRUSTED_PROXIES'];
/** The addresses and folders that each gateway may choose; the manifests are built around the others. */
const chosen: readonly string[] = ['EMBEDDINGS_MODEL', 'EMBEDDINGS_URL', 'NO_PROXY'];

const head = `# Which settings the values may have. Written by "npm run -s docs:configuration" from the table in common/settings/ and from
# manifests/.
`;

/** The text of deploy/helm/known-settings.yaml. Throws if the manifests cannot be read. */
export function chartSettings(): string {
  const folder = join(root, 'deploy', 'helm', 'manifests', 'base');
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  const manifests = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  const named = (form: RegExp) => new Set([...manifests.matchAll(form)].map(([, name = '']) => name));
  const given = named(/\{ name: ([A-Z_]+), value: /g);
  const fromSecret = named(/\{ name: ([A-Z_]+), valueFrom: /g);
  const read = settingList
    .filter(([name, { readBy }]) => readByNginx.includes(name) || readBy.some((each) => programs.includes(each)))
    .map(([name]) => name)
    .sort();
  const isFixed = (name: string) => given.has(name) || (name in innerSettings && !chosen.includes(name));
  const secret = read.filter((name) => fromSecret.has(name));
  const others = read.filter((name) => !fromSecret.has(name));
  return (
    head +
    stringify(
      { public: others.filter((name) => !isFixed(name)), secret, fixed: others.filter(isFixed) },
      { lineWidth: 0 },
    )
  );
}
