import { row } from '../support/rows/row.ts';

/** Attacks that worked against the original. */
export const attacked = [
  row('a', 'a signed-in user without scopes may do nothing', {
    'integration/auth-server/gate/validate-sessions': ['so a person in the groups %j may do nothing (J2, a)'],
    attack: ['a caller without any permission lists tools', 'a caller without any permission opens the stream'],
  }),
  row('b', 'requests without a body are checked too', {
    'unit/policy/decide': ['step %s is allowed by any rule for the server, and by no rule for another server'],
    'integration/auth-server/gate/validate': ['with a body', 'without a body'],
    attack: ['no body', 'the call in the query string', 'a caller without any permission ends a session'],
  }),
  row('c', 'batches are rejected', {
    'e2e/gate': ['a batch'],
    attack: ['a batch with a harmless request first', 'an empty batch'],
  }),
  row('d1', 'tokens of an attacker’s user pool are rejected', {
    'integration/auth-server/gate/validate-tokens': [
      'that another pool signed with its own keys is rejected, even if the request names that pool (J7, d1, d2)',
    ],
    attack: ["a forged token: the attacker's pool as issuer"],
  }),
  row('d2', 'the gateway fetches no keys from an attacker’s host', {
    'integration/auth-server/process/config': ['us-east-1_x/../../evil', '@evil.example/x?_A'],
    attack: ["keys from the attacker's host, by X-Region", "keys from the attacker's host, by the issuer"],
  }),
  row('d3', 'a rejected token is not sent to Cognito', {
    'integration/auth-server/gate/validate-tokens': [
      'that %s is rejected with 401, and the cookie beside it is ignored',
      'that another pool signed with its own keys is rejected, even if the request names that pool (J7, d1, d2)',
    ],
  }),
  row('e', 'the cookie of a started login opens nothing', {
    'integration/auth-server/gate/validate-sessions': [
      'of a login that any visitor can start is not a session (J1, e)',
    ],
    attack: ['the cookie of a started login as a session'],
  }),
  row('f', 'the client’s X-Body is never read', { attack: ['a harmless X-Body'] }),
  row('g', 'a large or chunked body is checked or rejected', {
    'e2e/gate': ['A body that arrives in one-byte chunks is judged as a whole or refused, never passed unseen'],
    attack: [
      'a body of 10240 bytes',
      'a body just below the limit',
      'a body over the limit',
      '20000 chunks of one byte',
    ],
  }),
  row('g4', 'compressed bodies are rejected', {
    'e2e/gate': ['a gzip body'],
    attack: ['a gzip body', 'Content-Encoding in two lines', 'Content-Encoding: br on a plain body'],
  }),
  row('h1', 'dot segments reach no other server', {
    'e2e/gate': ['dot segments', 'encoded dot segments', 'an encoded slash', 'doubled slashes'],
    attack: ['/mcpgw/../SERVER/mcp', '/mcpgw/..%2fSERVER/mcp'],
  }),
  row('h2', 'an invalid Host is rejected', {
    'e2e/gate': ['A Host that is not ours (%s) is not served', 'a?b'],
    attack: ['Host "a?b"', 'Host "[x"', 'Host "a]b"'],
  }),
  row('h3', 'other spellings of a path reach no other server', {
    'e2e/gate': ['a single dot', 'an encoded question mark', 'a semicolon', 'a backslash', 'upper case'],
    attack: ['/./SERVER/mcp', '/SERVER;x/mcp', '/SERVER/mcp%3f', '/validate, without credentials'],
  }),
  row('i', 'duplicate keys are rejected', {
    'unit/policy/request/mcp-request': ['has its params twice', 'has its method twice, one of them escaped'],
    'unit/policy/properties': ['never passes as another call after changes to its bytes, keys, letters and headers'],
    attack: ['params twice', 'name twice'],
  }),
  row('j', 'after a login the browser stays at the gateway, and a callback works once', {
    'integration/auth-server/login/login': ['that was started with the target %j leads to / instead (J10)'],
    'integration/auth-server/login/login-failures': ['of a login that is already finished is rejected'],
    attack: ['redirect_uri="https://evil.example/" after the login', 'a replayed callback'],
  }),
  row('j3', 'a logout leads only to Cognito', {
    'integration/auth-server/login/login': ['redirects to Cognito only, for any redirect_uri (j3)'],
    attack: ['redirect_uri="https://evil.example/" at logout'],
  }),
  row('j5', "an error in the callback's address injects nothing", {
    'integration/auth-server/login/login-failures': ['<script>alert(1)</script>'],
    attack: ['an error that injects parameters'],
  }),
  row('k', 'a login has state, nonce and PKCE, and a cookie that scripts cannot read', {
    'integration/auth-server/login/login': [
      'requests a code from Cognito with state, nonce and PKCE, all new each time (k)',
      'on https sets cookies for https only, under the __Host- name',
    ],
    attack: ['a login without state, nonce or PKCE, or with a cookie that scripts can read'],
  }),
  row('l', 'an ID token does not work as an access token', {
    'integration/auth-server/gate/validate-tokens': ['is an ID token (l)', 'is an ID token with client_id added'],
    attack: ['an ID token of an administrator', 'a forged token: token_use id'],
  }),
  row('m', 'tokens of other clients and tokens without expiry are rejected', {
    'integration/auth-server/gate/validate-tokens': ['is of another app client (J8)', 'never expires (m)'],
    attack: ['a forged token: no expiry'],
  }),
  row('n', "the client's identity headers reach no server", {
    'e2e/upstream': ["is the gateway's value under %s, not what the client sent"],
    'e2e/upstream-headers': ['No header that a client adds reaches a server %s'],
    'unit/registry/servers/header-names': ['%s cannot be forwarded, in any case'],
    'integration/registry/pins/approved-definitions': [
      'Only approved tools name headers that callers send, so that a server cannot have nginx reload at each check',
    ],
    attack: ['X-User and the other identity headers', 'X-User in two lines', 'X-Scopes with everything'],
  }),
  row('o', 'a body of several lines is checked like any other', {
    'unit/policy/request/mcp-request': [
      'a message over several lines, with tabs, escapes and a colon in a string, is read like one on one line',
    ],
    attack: ['a line break in the body', 'CR LF and a header in the body'],
  }),
  row('o5', 'input that parsers read differently is rejected', {
    'unit/policy/request/mcp-request': ['starts with a byte order mark', 'is UTF-16'],
    'unit/policy/properties': [
      'reads the same as a character-by-character parser, and rejects invalid and ambiguous JSON',
    ],
    attack: ['a byte order mark', 'UTF-16'],
  }),
  row('o6', 'deeply nested bodies are rejected', {
    'unit/policy/request/mcp-request': ['is nested 64 deep', 'is nested 100000 deep'],
    attack: ['1500 levels of nesting'],
  }),
  row('o7', 'numbers beyond a parser’s range are rejected', {
    'unit/policy/request/mcp-request': ['an id that holds a number of 5000 digits', 'says NaN'],
    attack: ['an id of 5000 digits'],
  }),
  row('o8', 'invalid characters and almost-JSON are rejected', {
    'unit/policy/request/mcp-request': [
      'a method that holds half a character as an escape',
      'has a comment',
      'has text after it',
    ],
    attack: ['invalid UTF-8 in the tool', 'a NUL after the JSON'],
  }),
  row('o9', 'no other field replaces the method', {
    'unit/policy/request/mcp-request': ['a method of null', 'an empty method'],
    attack: ['method null, with another field in its place', 'method empty'],
  }),
  row('p1', 'a stranger cannot make the gateway send requests to a host', {
    attack: ["keys from the attacker's host, by X-Region", "keys from the attacker's host, by jku"],
  }),
  row('p2', 'a silent host delays only the requests that need it', {
    'integration/auth-server/gate/validate-tokens': ['that do not arrive delay only the requests that need them (p2)'],
  }),
  row('p3', 'new keys of the pool are accepted, withdrawn ones are not', {
    'integration/auth-server/gate/validate-tokens': [
      'are fetched again when a token is signed with a new one',
      'are no longer accepted after the pool has withdrawn them and a token with a new key was seen (p3)',
    ],
  }),
  row('p4', 'a stranger cannot make the key cache grow', {
    'integration/auth-server/gate/validate-tokens': [
      'that another pool signed with its own keys is rejected, even if the request names that pool (J7, d1, d2)',
    ],
  }),
  row('p5', 'a missing or broken policy allows nothing', {
    'integration/auth-server/process/config': ['is not there', 'is empty', 'has a typing error'],
    'unit/common/policy/policy-watch': [
      'A changed file is read again; a broken one leaves the last good policy in force and is reported',
    ],
  }),
  row('p6', 'an upstream address injects no nginx configuration', {
    'unit/registry/routing/routes-file': ['%j cannot get into a line'],
    'unit/registry/store/servers-file': ['a semicolon in the host', 'an upstream with a path'],
    'integration/nginx/routes': ['a directive in the path'],
    attack: ['registering a server at "/x { } location /pwned { return 200"'],
  }),
  row('p7', 'a caller cannot forge log lines, and lines stay short', {
    'integration/auth-server/decisions/log-hygiene': [
      'cannot be forged with a line break in a name, and keeps every line within the limit',
    ],
  }),
  row('p8', 'the callback is built from configuration, not from the Host header', {
    'integration/auth-server/login/login': ['uses the configured URL, for any Host header of the request (p8)'],
    attack: ['the callback built from Host or X-Forwarded-Host'],
  }),
  row('p9', 'groups come only from the claim that Cognito writes', {
    'integration/auth-server/gate/validate-tokens': [
      'a person gains nothing from the claim %s, which users may be able to write themselves (p9)',
    ],
  }),
  row('p10', 'permitted requests pass', {
    'integration/auth-server/gate/validate': [
      'has names with a comma, a quote, a line break or non-ASCII letters, each percent-encoded on its own',
    ],
    'unit/policy/decide': ['step %s is allowed by any rule for the server, and by no rule for another server'],
    attack: ['a caller with list permission gets a list', 'pretty-printed JSON is accepted', 'the method admin/reset'],
  }),
  row('not holes', 'attacks that the original resisted fail here too', {
    'integration/auth-server/gate/validate-tokens': [
      'is not signed (none)',
      'is signed with the public key as a secret',
      'was altered',
      'has no issuer',
      'is not valid yet',
      'was issued tomorrow',
      'that has expired gets an error about the expiry',
    ],
    'integration/auth-server/gate/validate-sessions': ['sealed with a key that is not ours', 'that has expired'],
    attack: ['a forged token: alg none', 'X-Original-URL: /login'],
  }),
];
