import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const listsAnd = (...more: string[]) =>
  JSON.stringify(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', ...more]);

/** The objects that the reader may use on every server of these tests. */
export const visible = {
  tools: ['echo', 'get-sum'],
  prompts: ['simple-prompt'],
  resources: 'demo://resource/static/document/a',
  templates: 'demo://resource/dynamic/text/',
};

const restricted = `
mcp-servers-restricted/read:
  - server: "*"
    methods: ${listsAnd('tools/call', 'prompts/get', 'resources/read', 'subscriptions/listen', 'tasks/*')}
    tools: ${JSON.stringify(visible.tools)}
    prompts: ${JSON.stringify(visible.prompts)}
    resources: ${JSON.stringify([`${visible.resources}*`, `${visible.templates}*`])}
`;

/** A policy that allows the admin (and alice) everything, and the reader (and bob) what `rules` allow. */
function policyText(rules: string): string {
  return `
group_mappings:
  mcp-registry-admin: [mcp-servers-unrestricted/execute]
  mcp-registry-developer: [mcp-servers-unrestricted/execute]
  mcp-registry-user: [mcp-servers-restricted/read]
mcp-servers-unrestricted/execute:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
    prompts: ["*"]
    resources: ["*"]
${rules}`;
}

/** A policy file of a test. */
export interface PolicyFile {
  SCOPES_FILE: string;
  /** Gives the reader other rules; without an argument, the initial ones. */
  replace(rules?: string): void;
  remove(): void;
}

export function writePolicy(): PolicyFile {
  const folder = mkdtempSync(join(tmpdir(), 'relay-policy-'));
  const SCOPES_FILE = join(folder, 'scopes.yml');
  const replace = (rules = restricted) => {
    writeFileSync(`${SCOPES_FILE}.new`, policyText(rules));
    renameSync(`${SCOPES_FILE}.new`, SCOPES_FILE);
  };
  replace();
  return { SCOPES_FILE, replace, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
