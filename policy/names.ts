/**
 * Regular expression of a server's name. A name is a path segment, an nginx map key and a file name at once. The locations
 * of nginx use the same expression; otherwise a name could be registered and never routed.
 */
export const serverNameForm = '[a-z0-9][a-z0-9_-]{0,62}';

const serverName = new RegExp(`^${serverNameForm}$`);

/**
 * Names that no registered server may take. Each is the first path segment of something that the gateway answers itself,
 * or reads like one in a log or a rule. nginx has a location for each of these paths; a test compares the two.
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

/** Whether `name` is a valid server name that is not reserved. */
export function isServerName(name: string): boolean {
  return serverName.test(name) && !reservedNames.has(name);
}
