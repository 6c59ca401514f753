import { row } from '../support/rows/row.ts';

/** What a hostile server, or a user who registers one, could do to the registry and through it. */
export const registered = [
  row('answers-read-differently', 'no list passes the filter because a client reads an answer in another way', {
    'integration/relay/unreadable-answers': [
      '%s',
      'as the answer to another request, %s',
      'as a second answer to the same request',
      'The content type is always the gateway’s own',
      'Only headers on the list are passed on, and no session that was not bound',
    ],
    'unit/common/answers/message': ['cannot be made from a message that is %s'],
    'unit/common/answers/event-stream': ['has %s'],
  }),
  row('endpoint-elsewhere', 'no server leads a client, with its credential, to another server', {
    'integration/relay/session-ownership': [
      'is replaced by one at the gateway, which forwards to it: %s',
      'ends the stream when it points to %s',
      'is dropped when it comes %s',
    ],
  }),
  row('unlabelled-streams', 'a GET ends with its owner’s access, whatever its answer is called', {
    'integration/relay/unreadable-answers': ['called %s is refused, so that it cannot outlive its owner’s access'],
  }),
  row('large-answers', 'no answer ends the relay, and a client learns why it gets none', {
    'unit/common/answers/message': [
      'may be deep and long up to the limits, and costs no more than its bytes beyond them',
      'gives way to other work while a long message is read',
    ],
    'integration/relay/unreadable-answers': [
      'on the answer to %s becomes an error that says why, and the stream goes on',
      'and does not end ends its request with an error',
    ],
    'integration/relay/load': ['%s is aborted after a few megabytes, and takes less than two hundred of memory'],
    'unit/deploy/memory': ['The relay with the limit of %s holds all that its limits allow together'],
  }),
  row('one-server-floods', 'what one server sends takes a bounded part of the relay’s time and of the store', {
    'unit/relay/upstream/server-share': [
      'runs out for a server that uses a lot of it at once, and not for others',
      'A server may cause a few questions at once, and others are not affected',
    ],
    'integration/relay/unreadable-answers': ['Questions about tasks that no request asked for are limited'],
  }),
  row('special-addresses', 'no setting lets a server be registered at a metadata service or special-purpose address', {
    'unit/common/network/special-addresses': [
      'No setting allows the metadata service of %s: %s',
      'No setting allows an address of %s: its first, its last, or one between',
      'No setting allows an %s address: %s',
    ],
    'unit/registry/routing/upstreams': [
      'A name is refused if one of its addresses is, and an editor sees which rule refused it',
    ],
  }),
  row('icons', 'the icon of a server is a picture, and leads the registry nowhere else', {
    'integration/registry/icons/icons': [
      'A server that sends %s has no icon, and the registry asks nothing else',
      'An icon %s is not asked for',
      'A server that drips does not keep the icons of others back, and its answer is ended',
      'A server that names another icon every moment is asked once in an interval, and has none meanwhile',
      'All pictures together stay within their memory',
      'answers with the bytes, which may do nothing in a browser, and can be cached for ever',
    ],
    'unit/registry/icons/picture': ['%s is no picture'],
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
  row('hostile-checks', 'no answer of a server stops the registry or takes the memory of other checks', {
    'unit/registry/health/probe/hostile-answers': [
      'A list of tools %s, sent as %s, ends the check with a sentence that says what was wrong',
      'A hostile answer to %s leaves the tools known, and the check says what was wrong',
      'An answer to %s with %s is refused with a sentence',
      'answers with HTTP 600',
      'Values count over all pages',
      'A server cannot make the client send requests: its own are left out, and its answers to none',
    ],
    'integration/registry/health/hostile-servers': [
      'The registry process survives hostile servers with the memory of compose, and checks the others',
    ],
    'unit/registry/health/probe/limits': [
      'All checks and connection tests together fit into the memory of the registry in compose',
    ],
  }),
  row('hostile-imports', 'no entry of an import keeps the registry busy or makes a reason of megabytes', {
    'unit/registry/import/hostile-entries': [
      'An entry with %s is refused with a short reason',
      'An entry with many faults names the first ones',
    ],
  }),
  row(
    'hostile-registrations',
    'what a server says of itself fills a form with no more than may be registered or given',
    {
      'unit/registry/pages/forms/from-server': [
        'What a hostile server says is cut and cleaned to what may be registered',
      ],
      'integration/registry/pages/forms': [
        'What a server says of itself is shown as text, and only fills what is empty',
      ],
      'unit/registry/pages/access/give/picker': [
        'A tool whose name a rule would read as more than one tool, or that waits for approval, is left out',
      ],
    },
  ),
];
