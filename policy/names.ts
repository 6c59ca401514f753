/** What a server may be called: it is a path segment, an nginx map key and a file name at once. */
const serverName = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/**
 * Names that no registered server may take: each is the first path segment of something the gateway answers itself, or
 * would read like one in a log or a rule. nginx gives these paths a location of their own; a test holds the two together.
 */
export const reservedNames: ReadonlySet<string> = new Set([
  'all',
  'api',
  'audit',
  'auth-server',
  'auth_server',
  'edit',
  'health',
  'login',
  'logout',
  'metrics',
  'nginx',
  'oauth2',
  'register',
  'registry',
  'rights',
  'relay',
  'servers',
  'static',
  'toggle',
  'v0',
  'validate',
]);

/**
 * Whether `name` can stand in a URL as a server: `[a-z0-9][a-z0-9_-]*`, at most 63 characters, and not reserved.
 * nginx's location and this function must agree on the pattern, or a name could be registered and never routed.
 */
export function isServerName(name: string): boolean {
  return serverName.test(name) && !reservedNames.has(name);
}
