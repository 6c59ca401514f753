import { row } from '../support/rows/row.ts';

/** What a newcomer meets with the README, the guide and Docker. */
export const firstHour = [
  row('a data folder with spaces, parentheses and umlauts; other ports', 'starts, and the line to copy works', {
    'up/up': [
      'npm run up starts everything, shows the addresses and how to try them, and Ctrl-C leaves no process behind; then it starts again on the same data with the same key, and when npm is killed, no process stays behind',
    ],
  }),
  row('revoke beside a gateway with another database', 'refuses, nothing ended', {
    'integration/operations/revoke': [
      'npm run revoke acts on the database of the running gateway, and refuses another one',
    ],
  }),
  row('127.0.0.1 registered where the services run in containers', 'registered with a warning', {
    'integration/registry/api/edit-api': [
      'A registration at loopback brings a warning where the services run in containers, and an address there does not',
    ],
  }),
  row('UPSTREAM_CA_FILE in compose', 'nginx, registry and relay have the folder, at one path', {
    'unit/deploy/compose-file': [
      'shows the CA certificates of UPSTREAM_CA_FILE to all that connect to MCP servers, at the same path',
    ],
  }),
  row('the compose example of stdio.md', 'its networks exist, its packages are pinned', {
    'unit/deploy/compose-file': [
      'takes the stdio server of docs/stdio.md: its networks exist, and each package has its version',
    ],
  }),
  row('one app client for web and command line, COGNITO_CLI_CLIENT_ID another one', 'the login needs no app client', {
    'e2e/agents/login': ['A SECRET_KEY is not used, and the login needs nothing but the address of the gateway'],
  }),
  row('doctor with a wrong command-line client or callback', 'FAIL with what to register', {
    'e2e/doctor': ['The doctor finds that %s is no app client of the command line'],
  }),
  row('a wrong secret beside a cached token', 'refused, exit 3', {
    'e2e/agents/token': ['A wrong secret is refused although a token of the right one is cached'],
  }),
  row('a stand-in with other keys', 'the cached token is replaced', {
    'e2e/agents/token': [
      'A token of a stand-in that had other keys is not used: a second checkout, or one whose data were removed',
    ],
  }),
  row('other ports in .env, for the command line', 'the commands find the gateway and the stand-in', {
    'unit/agents/settings': [
      'the .env of the gateway says where it and its stand-in are, unless a file of the user does',
    ],
  }),
  row('REGISTRY_URL for attack', 'used; another machine needs the yes', {
    'unit/attack/options': [
      'npm run attack goes to the gateway and the stand-in that the settings name, unless an option names others',
    ],
  }),
  row('a restart of the stand-in', 'no session ends', {
    'integration/stand-in/restart': [
      'A restart of the stand-in ends no sign-in, and brings none back that was revoked',
    ],
  }),
  row('AWS_REGION with a wrong pool id', 'only the pool id is named', {
    'integration/auth-server/process/config': ['name no region of a pool whose id is wrong'],
  }),
  row('a refused connection at MCP_REGISTRY_URL', 'names that variable', {
    'unit/agents/explain': ['A connection that is refused names the setting that its address comes from'],
  }),
  row('a self-signed certificate of the gateway', 'hint at NODE_EXTRA_CA_CERTS', {
    'unit/agents/explain': ['A certificate that is not trusted (%s) leads to NODE_EXTRA_CA_CERTS'],
  }),
  row('a 404 of a server behind the gateway', 'not taken for a wrong gateway', {
    'unit/agents/explain': ['A 404 without a reason may be of the server behind the gateway'],
  }),
  row('HTTP_PORT beside another REGISTRY_URL', 'nginx says so at its start', {
    'integration/nginx/start': ['With REGISTRY_URL %s and HTTP_PORT %s it starts and says %j'],
  }),
  row('the doctor beside containers', 'ports that are not published are no warning', {
    'integration/operations/doctor-ports': ['only the stand-in is published, as by containers'],
  }),
  row('explain for a group, without a server', 'all that it may do', {
    'integration/operations/policy-commands': [
      'without a server it lists all that a caller may do, and the exit code is 0',
    ],
  }),
];
