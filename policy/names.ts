/**
 * The form of a server's name, for use in a regular expression. A name is a path segment, an nginx map key and a file name
 * at once. nginx's locations use the same form, or a name could be registered and never routed.
 */
export const serverNameForm = '[a-z0-9][a-z0-9_-]{0,62}';

const serverName = new RegExp(`^${serverNameForm}$`);

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

/** Whether a server may be called `name`: it has the form of a server's name and is not reserved. */
export function isServerName(name: string): boolean {
  return serverName.test(name) && !reservedNames.has(name);
}
