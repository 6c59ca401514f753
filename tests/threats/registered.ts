import { row } from './row.ts';

/** What a hostile server, or a user who registers one, could do to the registry and through it. */
export const registered = [
  row('special-addresses', 'no setting lets a server be registered at a metadata service or special-purpose address', {
    'unit/registry/routing/special-addresses': [
      'No setting allows the metadata service of %s: %s',
      'No setting allows an address of %s: its first, its last, or one between',
      'No setting allows an %s address: %s',
    ],
    'unit/registry/routing/upstreams': [
      'A name is refused if one of its addresses is, and an editor sees which rule refused it',
    ],
  }),
  row('look-alike-definitions', 'a tool with keys that another reader takes for its description cannot be approved', {
    'unit/registry/servers/look-alikes': [
      'A tool with the key %j is unusable: neither its text nor its schema is kept, and the note names the key',
      'A key of the server cannot pass for a second tool of the same name',
    ],
    'integration/registry/pins/approved-definitions': [
      'A tool with a look-alike key is never approved: not when first seen, and not by a user',
    ],
  }),
  row('hostile-texts', 'what a server writes about its tools makes no page, answer or search slow or large', {
    'unit/registry/pages/hostile-tools': [
      'The page of a server with %s stays small, and names every tool',
      'Changes of all tools of a server with %s make a small answer, and name every tool',
    ],
    'unit/registry/search/hostile-tools': [
      'A tool brings 300 new words at most, a server 4,000, and known words stay allowed',
      'A tool with %s is found by its first words',
    ],
  }),
  row('hostile-texts-mcpgw', 'what a server writes about its tools makes no answer of mcpgw too large for a model', {
    'integration/servers/mcpgw-bounds': [
      '%s about a server with %s makes an answer that a model can read',
      'A found tool with a large schema is found without it, and the answer says where the schema is',
      '%s is not read to the end',
    ],
  }),
];
