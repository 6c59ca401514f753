import { row } from '../support/rows/row.ts';

/** Published vulnerabilities of other gateways, proxies and MCP libraries. */
export const advisories = [
  row('CVE-2025-54576 GHSA-7rh7-c77v-6434', 'an open path in the query does not bypass the gate', {
    attack: ['an open path in the query', 'a health check in the query'],
  }),
  row('CVE-2026-40575 GHSA-7x63-xv5r-3p2x', 'X-Forwarded-Uri and similar headers are ignored', {
    'integration/auth-server/gate/validate': ['a forged X-Body, X-Original-URL or X-User changes nothing'],
    attack: ['X-Forwarded-Uri: /login', 'X-Rewrite-URL: /login', 'X-Forwarded-Method: OPTIONS'],
  }),
  row('CVE-2026-41059 GHSA-pxq7-h93f-9jrg', 'a fragment does not affect the decision', {
    'e2e/gate': ['a fragment'],
    attack: ['/SERVER/mcp#/mcpgw/mcp', '/SERVER/mcp%23/../../mcpgw/mcp'],
  }),
  row('CVE-2026-34457 GHSA-5hvv-m4w4-gf6v', 'no client header marks a request as a health check', {
    attack: ['User-Agent GoogleHC/1.0', 'User-Agent kube-probe/1.30', 'User-Agent mcp-gateway-registry'],
  }),
  row('CVE-2025-64484 GHSA-vjrc-mh2v-45x6', 'identity headers in another spelling reach no server', {
    'e2e/upstream': ['X_User', 'X-USER'],
    attack: ['X_Scopes with everything', 'the same with underscores'],
  }),
  row('CVE-2026-34454 GHSA-f24x-5g9q-753f', 'a session ends with its logout', {
    'integration/auth-server/login/login': ['ends the session permanently, and at Cognito too'],
    'e2e/registry-access': ['After signing out, the old cookie is refused everywhere'],
    attack: ['a session after its logout'],
  }),
  row('GHSA-c5c4-8r6x-56w3', 'unusual user names inject no headers', {
    'integration/auth-server/gate/validate': [
      'has names with a comma, a quote, a line break or non-ASCII letters, each percent-encoded on its own',
    ],
  }),
  row(
    'GHSA-qqxw-m5fj-f7gv GHSA-j7px-6hwj-hpjg GHSA-5m6c-jp6f-2vcv GHSA-4mf2-f3wh-gvf2',
    'no spelling of an address leads to another site',
    {
      'unit/auth-server/login/safe-path': [
        '/\\evil.example',
        '/%09/evil.example',
        'http://localhost:8080.evil.example/',
      ],
      attack: [
        'redirect_uri="/%5cevil.example" after the login',
        'redirect_uri="http://localhost.evil.example/" after the login',
      ],
    },
  ),
  row('CVE-2017-1000069', 'a user cannot be logged in as another user', {
    'integration/auth-server/login/login-failures': [
      'that another browser started is rejected: an attacker cannot log a victim in as another person',
      'with a code of another login is rejected: state and nonce bind the code to the login',
    ],
    attack: ["another user's callback in a browser that started no login, or a different one"],
  }),
  row('GHSA-652x-m2gr-hppm', 'removing a group removes its rights', {
    'integration/auth-server/gate/validate-sessions': [
      'so a group counts only when the record names it, whatever a cookie of an older release names',
    ],
    'e2e/policy-change': [
      'A right that the policy no longer grants is denied to open sessions and valid tokens, and allowed again when it is restored',
    ],
  }),
  row('CVE-2021-32637', 'an invalid address is rejected', {
    'e2e/gate': ['a broken escape'],
    attack: ['/SERVER/mcp%zz', 'X-Original-URL: http://[', 'control bytes in the path'],
  }),
  row('CVE-2026-48794', 'another spelling of Host does not affect the decision', {
    attack: ['a Host with a trailing dot', 'a Host in upper case'],
  }),
  row('GHSA-36f2-fcrx-fp4j', 'a logout leads to no other site', {
    'integration/auth-server/login/login': ['redirects to Cognito only, for any redirect_uri (j3)'],
    attack: ['redirect_uri="//evil.example" at logout'],
  }),
  row('GHSA-gmfg-3v4q-9qr4', 'names and errors are shown as text', {
    'integration/registry/pages/pages': ['Names of servers and people are shown as text'],
    'browser/login': ['A server name that contains markup is shown as text'],
    attack: ['a script as the error', 'a script in redirect_uri', 'a script as the provider'],
  }),
  row('CVE-2023-33189', 'malformed requests are never allowed', {
    'unit/policy/properties': ['never passes as another call after changes to its bytes, keys, letters and headers'],
    attack: ['two Host lines', 'a NUL in a header', 'Mcp-Method in two lines'],
  }),
  row('CVE-2024-39315', 'no page and no log shows a token', {
    'e2e/gate': ['No log line contains a token, a cookie or a secret that a client sent'],
    attack: ['a token in a response of the registry'],
  }),
  row('CVE-2024-47616', 'the registry accepts only assertions made for it', {
    'integration/registry/access/guards': [
      'it was made for an MCP server',
      'the token comes as a bearer',
      'another gateway issued it',
    ],
  }),
  row('CVE-2022-24797', 'metrics and debug pages are not public', {
    'e2e/gate': ['/metrics', '/debug'],
    attack: ['/debug/pprof, without credentials', '/metrics, without credentials'],
  }),
  row('GHSA-p224-6x5r-fjpm', 'an open path as a prefix does not bypass the gate', {
    'e2e/gate': ['dot segments'],
    attack: ['/login/../SERVER/mcp', '/.well-known/%2e%2e/SERVER/mcp', '/static/../SERVER/mcp'],
  }),
  row('GHSA-vhr5-ggp3-qq85', 'X-Forwarded-Proto is ignored', {
    'e2e/registry-access': [
      'The callback is built from the configured address, and Host and X-Forwarded-* headers are ignored',
    ],
    attack: ['X-Forwarded-Proto and other headers that gateways trust from proxies'],
  }),
  row('GHSA-4mq7-pvjg-xp2r', 'caches of tokens never accept another issuer', {
    'integration/auth-server/gate/validate-tokens': ['has another issuer (J7)'],
    'unit/auth-server/identity/assertion': ['happens only for the same caller, server and tool'],
  }),
  row('CVE-2021-32701 GHSA-qvp4-rpmr-xwrr', 'an earlier permission does not allow another request', {
    'unit/auth-server/identity/assertion': ['happens only for the same caller, server and tool'],
    'e2e/clients': ['%s, who may list but not call, sees no tool with %s and is refused the call'],
  }),
  row('CVE-2025-24514 CVE-2025-15566', 'registrations inject nothing into nginx', {
    'unit/registry/routing/routes-file': ['%j cannot get into a line'],
    'integration/nginx/routes': ['a directive in the name', 'a quote'],
  }),
  row('CVE-2026-24513', 'a denial with its own page stays a denial', {
    'e2e/configuration': ['No error page leads to a location that proxies, except from reading the body to the gate'],
    'e2e/failures': [
      'While the auth-server hangs, a call gets 503 within two seconds and reaches no server; afterwards calls work again',
    ],
  }),
  row(
    'GHSA-6jwx-7vp4-9847 GHSA-5m6w-wvh7-57vm GHSA-6384-m2mw-rf54',
    'X-Forwarded-Prefix and two readings of a path change nothing',
    {
      attack: ['X-Forwarded-Prefix: /login', 'metadata and challenge with x-forwarded-prefix: /evil.example'],
    },
  ),
  row('CVE-2025-48865', 'Connection removes no identity header', {
    'e2e/upstream': ['still names the caller if the client declares the identity headers hop-by-hop'],
    attack: ['identity headers declared hop-by-hop', 'Connection: X-Mcp-Assertion'],
  }),
  row('CVE-2024-21492', 'a cookie stops working after logout', {
    'integration/auth-server/store/store': ['keeps a revoked session revoked, at once and after a restart'],
    attack: ['a session after its logout'],
  }),
  row('GHSA-46gc-mwh4-cc5r CVE-2025-66414 CVE-2026-34742', 'pages of other hosts and origins get nothing', {
    'e2e/gate': ['a foreign Origin', 'A Host that is not ours (%s) is not served'],
    'integration/auth-server/gate/validate-sessions': ['another port of localhost'],
    attack: ['Origin https://evil.example', 'Host "evil.example"'],
  }),
  row('CVE-2026-0621', 'a crafted text delays no request', {
    'unit/registry/routing/routes-file': ['A long, nearly valid line is rejected without delay'],
    attack: ['a URI of 15000 braces'],
  }),
  row('CVE-2026-52869', 'a session belongs to the caller who was given it', {
    'e2e/relay-sessions': [
      'Another caller who %s with a stolen id gets 404, and the owner can go on',
      'A caller who %s with an id that was never issued gets 404, and nothing reaches the server',
      "accepts only its owner's messages, and only at its exact address",
    ],
    attack: [
      'an Mcp-Session-Id of another caller',
      'a legacy session that another caller opened',
      'listing with an invented Mcp-Session-Id',
    ],
  }),
  row('CVE-2026-52870', 'a task belongs to the caller who started it', {
    'e2e/relay-tasks': [
      'that an answer in %s names can be used by its owner only',
      'tasks/list in %s shows each caller exactly their own tasks, byte for byte',
      '%s with an id that was never issued is refused to every caller',
    ],
    attack: ["another caller's task", 'tasks/get with an invented id', 'listening to an invented task'],
  }),
  row('CVE-2026-59950', 'no page can open a websocket', {
    'e2e/upgrade': ['No 101 of a server opens a tunnel: %s at %s'],
    attack: ['an upgrade to websocket', 'a websocket by GET at /ws/health_status'],
  }),
  row('CVE-2026-11719', 'every protocol version is checked the same way', {
    attack: [
      'the call with MCP-Protocol-Version "2024-11-05"',
      'the call with MCP-Protocol-Version "2026-07-28"',
      'the call with MCP-Protocol-Version ""',
      'the call with MCP-Protocol-Version "latest"',
    ],
  }),
  row('GHSA-g53w-w6mj-hrpp', 'internal headers from clients are ignored', {
    'e2e/upstream': ['x-mcp-assertion'],
    attack: ['forged X-Mcp-Server, X-Mcp-Routed and X-Resource', 'a forged assertion'],
  }),
  row('CVE-2025-6514', 'metadata and challenges are built from configuration', {
    'integration/auth-server/gate/documents': ['include metadata of %j that name the gateway (RFC 9728)'],
    attack: ['metadata and challenge with x-forwarded-host: evil.example"'],
  }),
  row('CVE-2026-45609', 'requests go only to checked addresses and follow no redirect', {
    'integration/registry/health/health': [
      'A redirect is not followed',
      'A check connects to the vetted address, even if the name resolves to another one later',
    ],
  }),
  row('GHSA-vgf8-3685-66j9', 'a token of another environment or with fewer scopes gives no additional rights', {
    'integration/auth-server/gate/validate-tokens': [
      'has another issuer (J7)',
      'an agent keeps the scopes that the policy defines, and loses the others',
    ],
  }),
  row('vouch-proxy', 'no login loop, and no cookie for a whole domain', {
    'integration/auth-server/login/login': ['/login', 'on https sets cookies for https only, under the __Host- name'],
  }),
  row('reserved names', 'no server can take a reserved name', {
    'e2e/configuration': ['Every first path segment that nginx answers itself is a reserved server name'],
    'unit/registry/store/servers-file': ['a reserved name'],
  }),
  row('upscoping', 'a client that cannot get more scopes stops asking', {
    'integration/auth-server/gate/answers': ['is not challenged when %s'],
    'e2e/step-up': [
      'An agent whose app client lacks the scope is refused by Cognito once with %s, and does not ask again',
      'Unmodified SDK v1 requests the same scope again, is refused again, and stops',
    ],
  }),
  row('CVE-2021-41230 GHSA-x883-2vmg-xwf7', 'a change of groups at Cognito reaches a running session', {
    'e2e/sessions': [
      'a person who is removed from all groups loses the rights of those groups, and their streams end',
      'a person who is disabled in the user pool is refused',
    ],
  }),
];
