import { row } from '../support/rows/row.ts';

/** Servers as they answer, start and are set up in practice. */
export const servers = [
  row('servers that answer late, or start a process for each request', 'they are healthy, and shown as slow', {
    'integration/registry/health/health': [
      'A server that is slow is healthy, and shown as slow',
      'Checks keep one session: later ones ask for the tools only, and the end of the monitor ends it',
      'A session that a server opened after its check had given up is ended',
    ],
  }),
  row('a certificate of one’s own authority', 'UPSTREAM_CA_FILE counts for the registry too', {
    'integration/registry/health/health': ['The certificate authorities of a setting verify a server'],
  }),
  row('a redirect from /mcp to /mcp/', 'callers and the registry are told where it leads', {
    'integration/relay/refusals': ['A redirect with status %d becomes an error that says so'],
    'integration/registry/health/health': ['redirects to the path with a slash'],
  }),
  row('a server that checks the Host header', 'it is told as that', {
    'integration/relay/refusals': ['A %s is told as a Host check'],
    'integration/registry/health/health': ['checks the Host header with 421', 'checks the Host header with 403'],
  }),
  row('a JSON-RPC error with status 502 or 504', 'it is passed on', {
    'integration/relay/refusals': [
      'A JSON-RPC error with status %d is passed on, to the header that nginx reads where it replaces the body',
    ],
  }),
  row('long session ids, and one id for everyone', 'the first work, the second is refused with the way out', {
    'integration/relay/refusals': [
      'of %d characters works',
      'that is longer is refused with the reason',
      'that is the same for everyone is refused to the second caller, with what to do',
    ],
  }),
  row('an answer that was compressed unasked', 'it is read', {
    'integration/relay/refusals': ['An answer in %s, which was not asked for, is read like any other'],
    'integration/registry/health/health': ['A server that compresses unasked is healthy'],
  }),
  row('https for a server that speaks plain HTTP', 'the fault names TLS', {
    'integration/relay/refusals': [
      'A server that was registered with https and speaks plain HTTP is told as a fault of TLS',
    ],
    'integration/registry/health/health': [
      'A server that speaks plain HTTP and was registered with https is told as that',
    ],
  }),
  row('a server whose address is not known yet', 'it is not judged', {
    'integration/registry/health/health': ['A server is not judged before it was located'],
  }),
  row('a server that wants each caller’s own credential', 'its refusal is told as its own', {
    'integration/relay/refusals': [
      'A 401 is told as the refusal of the server, with its words and without a challenge',
    ],
    'integration/registry/health/health': [
      'A server whose callers bring their own credential says so, unless the registry has one for it',
    ],
  }),
  row('the older transport, which refuses version headers', 'it is asked as that transport says', {
    'integration/registry/health/health': [
      'A server over SSE that refuses version headers without the others is asked as its transport says',
      'An address for messages that a server announces, and does not serve, is named',
    ],
  }),
  row('tools that bring a page', 'their callers may read it, or do not see it', {
    'integration/relay/app-pages': [
      'A tool loses %s of a page that its caller may not read',
      'A tool keeps %s',
      'A page is not hidden from the gateway by %s',
    ],
  }),
  row('the page of a tool, named in the result of a call', 'both keys are taken out', {
    'integration/relay/app-pages': ['The result of a call loses %s of a page that its caller may not read'],
  }),
  row('a tool whose _meta two readers find in two places', 'the tool is left out', {
    'integration/relay/app-pages': ['A tool whose metadata two readers would find in two places is left out'],
  }),
  row('forward_headers with _', 'refused with the reason', {
    'unit/registry/servers/header-names': [
      'A name with an underscore is refused with the reason, because nginx would drop it',
    ],
  }),
  row('a redirect of a server, directly through nginx', '502 upstream_redirects with the reason', {
    'e2e/upstream-credential': [
      'A redirect of the server sends the credential nowhere, neither directly nor through the relay',
    ],
  }),
  row('a cookie of a load balancer', 'not kept; the log says what to do', {
    'integration/relay/refusals': ['A cookie of the server is not kept, and the log says what this means'],
  }),
  row('a server that checks Host, and registration names host_header', 'nginx and relay send that Host', {
    'e2e/upstream-headers': ['A server gets the Host that its entry names, %s'],
  }),
  row('host_header of a server over https', 'certificate and SNI stay those of the address', {
    'e2e/https-upstream': [
      'With a Host of its own, the certificate and the name in TLS are still those of its address',
    ],
  }),
  row('host_header of a server, in its checks', 'it is healthy', {
    'integration/registry/health/health': [
      'A server that checks the Host header is healthy once its registration names the Host that it accepts',
    ],
  }),
  row('host_header beside a secret', 'refused, because another site at the address could get the secret', {
    'integration/registry/routing/upstream-auth': [
      'A server with a Host header of its own cannot name a secret, which another site at its address could get',
    ],
  }),
  row('call --transport sse against a server in the way of mcp-go 1.x', 'works', {
    'e2e/agents/call': ['reaches a server of the legacy transport that refuses headers of the newer one'],
  }),
];
