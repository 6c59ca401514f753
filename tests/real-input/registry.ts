import { row } from '../support/rows/row.ts';

/** What is imported and registered, and who reads the registry. */
export const registry = [
  row('servers of different vendors with one name', 'each has a name of its own', {
    'integration/registry/import/import': [
      'Servers of different vendors get different names, also where their own part is the same',
    ],
  }),
  row('several versions, deleted and deprecated ones', 'only the newest is imported', {
    'integration/registry/import/import': [
      'Only the newest version counts, and what its makers have deleted is not imported',
    ],
  }),
  row('texts, icons, tags and repositories of any form', 'they do not stop an import', {
    'integration/registry/import/import': [
      'What only decorates a server does not stop its import, and hints say what was changed',
    ],
  }),
  row('the mcpServers of a client', 'they are imported', {
    'integration/registry/import/import': [
      'The configuration of a client is imported; what a client starts itself is refused with the way out',
    ],
  }),
  row('paths, headers and credentials of the original', 'they are mended or named', {
    'integration/registry/import/import': [
      'Paths and credentials of the original are mended or named, and no credential is kept',
    ],
  }),
  row(
    'address with a query, % escapes, @, :, a slash at the end (Bedrock AgentCore, Smithery)',
    'nginx, the relay and the checks send the bytes that were given',
    {
      'e2e/upstream-addresses': [
        'The address of %s arrives with the bytes that were given: directly, through the relay, and in checks',
      ],
    },
  ),
  row('the address of an AgentCore runtime, registered by a person', 'it is registered, and answers', {
    'e2e/upstream-addresses': ['A person registers a server with the address of an AgentCore runtime, and it answers'],
  }),
  row("a query of the caller's, where the registered address has one", 'the registered query only', {
    'e2e/upstream-addresses': ["A caller's query arrives only where the registered address has none"],
  }),
  row('a server at http://[::1]:port', 'it is checked and called', {
    'e2e/upstream-addresses': ['A server at an IPv6 address is checked and called'],
  }),
  row('$, ;, quotes, braces, dot segments, bad escapes in a path', 'refused, with a word on how to write it', {
    'e2e/upstream-addresses': ['The path %j is refused, with a word on how to write it'],
  }),
  row(
    'messages of the 2024-11-05 transport behind such an address',
    'they reach the announced address, for their owner only',
    {
      'e2e/upstream-addresses': [
        'Messages of the 2024-11-05 transport reach the address that the server announced, also below a query',
      ],
    },
  ),
  row('a pasted URL with a path, query and slash', 'it is kept as pasted', {
    'integration/registry/pages/forms': ['The path of a pasted address (%s) counts if both path fields are empty'],
  }),
  row('a credential in any header, or two', 'it reaches its server only, directly, through the relay and in checks', {
    'e2e/upstream-addresses': [
      'Both headers of a secret reach its server, directly, through the relay and in checks, and no value of a caller does',
    ],
  }),
  row('the same header at another server', 'it does not get it, and callers do not see it', {
    'e2e/upstream-addresses': ['No other server gets these headers, and callers never see them'],
  }),
  row('importing a server again', 'it takes what was published since, and the dry run says so before', {
    'integration/registry/import/again': [
      'An import of a newer version takes its address, headers, description and version, and says so before',
    ],
  }),
  row('importing again what a person has changed', 'what was changed by hand stays, and a hint names it', {
    'integration/registry/import/again': [
      'What a person has changed by hand stays, and a hint names it; secret, limit and state stay too',
    ],
  }),
  row('an older version, or a server registered by hand', 'nothing changes, with the reason', {
    'integration/registry/import/again': [
      'A server that was registered by hand is not touched, and an older version replaces nothing',
    ],
  }),
  row(
    'names that clash inside one file, or that the gateway uses',
    'told apart by the whole name, the same in a dry run',
    {
      'integration/registry/import/again': [
        'Names that clash inside one file are told apart by the whole name, and a dry run says the same',
      ],
    },
  ),
  row('several versions of one server in a file', 'the newest counts, wherever it stands', {
    'integration/registry/import/again': [
      'Of several versions of one server in a file the newest counts, wherever it stands',
    ],
  }),
  row('20 and 100 servers at once', 'imported, with one reload of nginx', {
    'integration/registry/import/again': ['A hundred servers are imported with one write of the routes'],
  }),
  row('20 servers in a UTF-16 file, by the command line', 'imported and routed, as the dry run said', {
    'e2e/import-command': [
      'Twenty servers of a UTF-16 file are routed after one import, and a dry run says the same, also of names that clash',
    ],
  }),
  row('tags beside the fields of a server.json, or in _meta', 'they are set', {
    'integration/registry/import/again': ['Tags beside the fields of a server.json, or in its metadata, are set'],
  }),
  row('remotes as an object, transportType, transport, no transport', 'it is read', {
    'integration/registry/import/again': ['A server.json with %s is read'],
  }),
  row('queries and credentials in imported addresses and headers', 'queries are kept, credentials become hints', {
    'integration/registry/import/again': [
      'Queries of the original and of a client are kept; credentials in any header or address are hints',
    ],
  }),
  row('/team/notes, /MyServer, /My Notes', 'a name of one part, with a hint', {
    'integration/registry/import/again': ['The path %s of the original becomes the name %s, with a hint'],
  }),
  row('a package that serves HTTP once it runs', 'refused, with its address and what to do', {
    'integration/registry/import/import': ['%s is rejected with a reason'],
  }),
  row(
    'VS Code and Copilot, without credentials, from another origin',
    'with PUBLIC_REGISTRY, the servers of the public group',
    { 'e2e/public-registry': ['Without credentials everyone reads the servers of the public group, from each origin'] },
  ),
  row('a preflight of their pages', 'answered, for reading only', {
    'e2e/public-registry': ['A preflight of any page is answered, for reading only'],
  }),
  row('credentials that a page of another origin sends there', 'they do not count', {
    'e2e/public-registry': ['Credentials that a page of another origin sends do not count'],
  }),
  row('any other address while the registry is public', 'it asks for credentials as before', {
    'e2e/public-registry': ['Nothing else is open: %s'],
  }),
  row('a literal + in a version', '404, not 400', {
    'e2e/registry-api': ['A version with a plus sign can be requested, and other encoded characters are refused'],
  }),
  row('/v0.1, /v0 and /api without a slash', 'JSON that names the right address', {
    'e2e/registry-api': ['%s without a slash is answered with JSON that names the right address'],
  }),
  row('limit=500', '400 with the largest one', {
    'integration/registry/api/v0/public-api': ['A limit that is too large is rejected with the largest one'],
  }),
  row('DELETE with an access token, without a content type', 'it is done', {
    'integration/registry/api/edit-api': [
      'With an access token a server is deleted without a body and without a content type, and with a session it is not',
    ],
  }),
  row('resources of filesystem, PostgreSQL, S3 and notes servers, by a rule *', 'all are listed and read', {
    'e2e/resource-names': ['an administrator lists and reads every resource, as real servers name them'],
  }),
  row('the same by a rule with prefixes', 'what is under them, and nothing else', {
    'e2e/resource-names': ['a caller whose rule has prefixes lists and reads what is under them, and nothing else'],
  }),
  row('a server that may be called, and not listed', 'scopes:check says so', {
    'unit/policy/review/lint/lint': [
      'a server that a group may use and not list is a warning, because the registry hides it',
    ],
  }),
];
