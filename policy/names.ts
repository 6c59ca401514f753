/**
 * Regular expression of a server's name. A name is a path segment, an nginx map key and a file name at once. The locations
 * of nginx use the same expression; otherwise a name could be registered and never routed.
 */
export const serverNameForm = '[a-z0-9][a-z0-9_-]{0,62}';

const serverName = new RegExp(`^${serverNameForm}$`);

/** A tool's name as MCP 2025-11-25, "Tool Names", has it. */
const toolName = /^[A-Za-z0-9_./-]{1,128}$/;

/** Whether a rule can name one tool by this: a `*` would be a pattern, and `all` stands for every tool. */
export function isToolName(name: string): boolean {
  return toolName.test(name) && name !== 'all';
}

/**
 * Names that no registered server may take. Each is the first path segment of something that the gateway answers itself,
 * or reads like one in a log or a rule. nginx has a location for each of these paths; a test compares the two.
 */
export const reservedNames: ReadonlySet<string> = new Set([
  'access',
  'account',
  'accounts',
  'all',
  'api',
  'approvals',
  'audit',
  'auth-server',
  'auth_server',
  'edit',
  'gate',
  'health',
  'hub',
  'icons',
  'login',
  'logout',
  'mcp',
  'messages',
  'metrics',
  'nginx',
  'oauth2',
  'people',
  'register',
  'registry',
  'relay',
  'requests',
  'rights',
  'servers',
  'sse',
  'static',
  'toggle',
  'usage',
  'v0',
  'validate',
]);

/** What rules call the hub, which serves `/mcp` and the sets. It is no server that could be registered. */
export const hubName = 'hub';

/**
 * What is wrong with a server's name, and what to do; undefined if a server may have it. Everything that takes the name of a
 * server asks here.
 */
export function nameFault(name: string): string | undefined {
  if (!serverName.test(name)) return 'must be 1 to 63 of a-z 0-9 _ - and start with a letter or digit';
  const such = `such as "${insteadOf(name)}"`;
  if (reservedNames.has(name)) return `"${name}" is a name that the gateway uses itself: choose another, ${such}`;
  if (name.includes('__')) return `must not have two underscores in a row: choose another name, ${such}`;
  return name.endsWith('_') ? `must not end with an underscore: choose another name, ${such}` : undefined;
}

/** Whether a server may have this name. */
export function isServerName(name: string): boolean {
  return nameFault(name) === undefined;
}

/**
 * What an operator has to do about a server, or a rule for one, whose name no server may have any more; undefined if it may.
 * Earlier versions accepted more names.
 */
export function renameNeeded(name: string): string | undefined {
  if (isServerName(name) || !serverName.test(name)) return undefined;
  return `rename it: npm run -s servers:rename -- ${name} ${insteadOf(name)}`;
}

/** A similar name that a server may have. Two underscores part server and tool where one address offers several servers. */
function insteadOf(name: string): string {
  const plain = name.replace(/_{2,}/g, '_').replace(/_$/, '');
  return reservedNames.has(plain) ? `my-${plain}` : plain;
}
