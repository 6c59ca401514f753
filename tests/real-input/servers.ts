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
];
