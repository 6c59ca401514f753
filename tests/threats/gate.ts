import { row } from '../support/rows/row.ts';

/** What strangers and servers could do to nginx, or by what it passes on. */
export const gate = [
  row(
    'gate-headers',
    'no header of a client reaches a server unless the gateway lists it or the server’s entry names it',
    {
      'e2e/upstream-headers': [
        'No header that a client adds reaches a server %s',
        'A header that the entry of a server names reaches this server and no other, %s',
      ],
      'unit/registry/servers/header-names': ['%s cannot be forwarded, in any case'],
      'integration/nginx/routes': ['a header that the gateway sets', 'a credential as a header'],
      'integration/registry/pins/approved-definitions': [
        'Only approved tools name headers that callers send, so that a server cannot have nginx reload at each check',
      ],
    },
  ),
  row('gate-answers', 'no header of a server acts on the gateway’s origin, or on a cache in front', {
    'e2e/upstream': ['is the headers of a list only, none that acts on the gateway or on what stands in front of it'],
  }),
  row('gate-memory', 'bodies and connections of strangers fit into the memory of nginx', {
    'e2e/body-memory': [
      "One address that sends bodies %s takes a part of nginx's memory, and others are served",
      'Calls of every size that many addresses hold open fit into the memory of the container, and small ones are served',
    ],
    'e2e/reload': [
      'After many reloads with open streams only some processes of nginx are left, and the newest streams are open',
    ],
    'unit/deploy/memory': ['holds all the connections and bodies that its limits allow together'],
  }),
  row('gate-upgrade', 'no answer of a server makes a tunnel of a connection', {
    'e2e/upgrade': ['No 101 of a server opens a tunnel: %s at %s'],
  }),
  row('gate-raw', 'a server cannot send a second answer whose headers the gateway has not read', {
    'e2e/raw-answers': ['A second answer behind %s does not reach the client of a direct call'],
  }),
  row('gate-paths', 'a dot segment next to an encoded slash leads to no other location', {
    'e2e/gate': ['Dot segments and empty segments next to an encoded slash are no canonical path, in every spelling'],
  }),
  row('gate-log', 'a stranger’s bytes do not break or disguise lines of the access log', {
    'e2e/gate': [
      'Bytes that are not printable ASCII are refused in a path and a query, and never reach the access log',
    ],
  }),
];
