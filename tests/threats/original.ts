import { row } from '../support/rows/row.ts';

/** Vulnerabilities that were found by reading and running the gateway's Python original. */
export const found = [
  row('J1', 'the cookie of a started login is not a session', {
    'integration/auth-server/gate/validate-sessions': [
      'of a login that any visitor can start is not a session (J1, e)',
      'that is a login attempt (J1)',
    ],
    'e2e/registry-access': ['The cookie of a login attempt is not a session'],
    attack: ['the cookie of a started login as a session'],
  }),
  row('J2', 'a caller without scopes may do nothing', {
    'integration/auth-server/gate/validate-sessions': ['so a person in the groups %j may do nothing (J2, a)'],
    'integration/auth-server/gate/validate-tokens': ['an agent with the scopes %j may do nothing'],
    attack: ['a caller without any permission calls a tool'],
  }),
  row('J3', 'an unreadable body is rejected', {
    'integration/auth-server/gate/validate': ['without a body', 'with half a body', 'with a JSON string for a body'],
    'e2e/gate': ['a batch', 'an empty body'],
    attack: ['a batch around the call', 'invalid JSON', 'a JSON string', 'no body'],
  }),
  row('J4', 'duplicate keys are rejected', {
    'unit/policy/request/mcp-request': ['has its method twice', 'has its name twice'],
    'e2e/gate': ['a key twice'],
    attack: ['method twice, the call first', 'method twice, the call last'],
  }),
  row('J5', 'the gate checks the body, not a header about it', {
    'integration/auth-server/gate/validate': ['a forged X-Body, X-Original-URL or X-User changes nothing'],
    attack: ['a harmless X-Body', 'a body of 16 kB with X-Body'],
  }),
  row('J6', 'the checked path is the routed one', {
    'e2e/gate': ['dot segments', 'encoded dot segments', 'an encoded slash', 'doubled slashes', 'a double encoding'],
    attack: ['/mcpgw/%2e%2e/SERVER/mcp', '/mcpgw/..;/SERVER/mcp', '/mcpgw\\..\\SERVER\\mcp'],
  }),
  row('J7', 'the user pool comes from configuration, not from the caller', {
    'integration/auth-server/gate/validate-tokens': [
      'that another pool signed with its own keys is rejected, even if the request names that pool (J7, d1, d2)',
      'has another issuer (J7)',
    ],
    attack: ["a forged token: the attacker's pool as issuer"],
  }),
  row('J8', 'tokens of other clients, ID tokens and malformed tokens get 401 without a request to Cognito', {
    'integration/auth-server/gate/validate-tokens': [
      'is of another app client (J8)',
      'is an ID token (l)',
      'is rubbish',
      'that %s is rejected with 401, and the cookie beside it is ignored',
    ],
    attack: ['a malformed token', 'an ID token of an administrator'],
  }),
  row('J9', 'requests without credentials get 401 with a challenge, not 500', {
    'integration/auth-server/gate/answers': ['sends an MCP client to the metadata of the endpoint that it requested'],
    'e2e/gate': ['A caller without credentials gets the same 401 for every server, whether it exists or not'],
    attack: ['no credentials', 'an empty Authorization'],
  }),
  row('J10', 'logins and logouts lead only to pages of the gateway', {
    'unit/auth-server/login/safe-path': ['/\\evil.example', '/%09/evil.example', 'https:evil.example'],
    'integration/auth-server/login/login': [
      'that was started with the target %j leads to / instead (J10)',
      'does not redirect to %j (J10)',
    ],
    attack: ['redirect_uri="//evil.example" after the login'],
  }),
  row('J11', 'without a readable policy no service starts, and nothing is allowed', {
    'unit/common/policy/policy-watch': ['A service does not start when the policy file %s, and names the file'],
    'integration/auth-server/process/config': ['is not there', 'is empty'],
    'e2e/policy-change': [
      'A right that the policy no longer grants is denied to open sessions and valid tokens, and allowed again when it is restored',
    ],
  }),
  row('J12', 'a registration injects no nginx configuration and reaches no forbidden address', {
    'unit/registry/routing/routes-file': ['%j cannot get into a line', 'a;b', 'a\nb', 'a$b'],
    'unit/common/network/addresses': ['169.254.169.254', '0:0:0:0:0:ffff:127.0.0.1'],
    'integration/registry/health/health': ['A redirect is not followed'],
    'integration/nginx/routes': ['a directive in the name', 'a directive in the path', 'a variable'],
    attack: [
      'registering a server at "/x { } location /pwned { return 200"',
      'registering a server at "http://169.254.169.254/"',
    ],
  }),
  row('J13', 'no log holds a credential', {
    'integration/auth-server/decisions/log-hygiene': [
      'contains no code, state, cookie or secret of a login and a logout',
      'contains no credential of any request, valid or invalid',
    ],
    'e2e/gate': ['No log line contains a token, a cookie or a secret that a client sent'],
    'e2e/upstream-credential': ['No log, route, database or answer of the registry contains a secret'],
  }),
  row('J14', "the caller's credentials stay at the gate", {
    'e2e/upstream': ["is never the caller's token or cookie"],
    'e2e/upstream-credential': [
      "A caller's headers about credentials change nothing for a server that requires none, %s",
      "A caller can neither replace the gateway's credential nor redirect it to another server",
    ],
    'integration/relay/credentials': ['Credential headers without a ticket for them reach no server'],
    attack: ['a credential for the upstream server', 'a chosen secret of the gateway and a chosen destination'],
  }),
  row('J15', 'there are no default passwords or keys', {
    'integration/auth-server/process/config': [
      'your-secret-key-here-your-secret-key',
      'when its settings are missing (J15)',
    ],
    attack: ['admin and password with Basic', 'admin and password in a form', 'a session signed with "changeme"'],
  }),
  row('J16', 'internal endpoints are not reachable from outside', {
    'e2e/gate': ['%s cannot be reached from outside', '/validate'],
    'e2e/registry-access': [
      'A request that reaches the registry around the gateway cannot authenticate with any header',
    ],
    'integration/registry/access/guards': ['only plain identity headers name the caller'],
    attack: ['a websocket by GET at /ws/health_status', '/ws/stats, without credentials'],
  }),
];

/** Behaviour of nginx's `auth_request` that a gate must take into account. */
export const authRequest = [
  row('3b statuses', 'every denial reaches the client unchanged, never as 500 or 200', {
    'integration/auth-server/gate/validate': ['%s is returned by /validate in a form that nginx understands'],
    'e2e/gate': ['a body over the limit', 'a batch', 'PATCH without a body'],
    'e2e/failures': [
      'While the auth-server is down, every request gets 503 at once, health says why, and no request reaches a server',
    ],
  }),
  row('3b challenge', 'the challenge of a 401 and of a 403 both arrive', {
    'e2e/gate': ['A caller without credentials gets the same 401 for every server, whether it exists or not'],
    'e2e/step-up': [
      'An agent with the read scope that follows the challenge with %s gets a token for execute, and the result of its call',
    ],
  }),
  row('3b subrequest', 'the subrequest carries only listed headers of the client', {
    'e2e/upstream': ["is the gateway's value under %s, not what the client sent"],
    attack: ['forged X-Mcp-Server, X-Mcp-Routed and X-Resource'],
  }),
  row('3b server', 'nginx tells the auth-server the routed server; the path does not count', {
    'integration/auth-server/gate/validate': ['a gate that omits %s, or sends it empty, gets every request rejected'],
    'e2e/gate': ['dot segments', 'a fragment'],
  }),
  row('3b length', 'the auth-server does not wait for a missing body', {
    'e2e/registry-access': ['A request to the registry is decided at once without waiting for its body'],
  }),
  row('3b underscore', 'identity headers with underscores are ignored', {
    'e2e/upstream': ['X_User'],
    'e2e/configuration': ['Header names with an underscore are dropped'],
    attack: ['X_User and the other identity headers'],
  }),
];
