/**
 * Where each command of the docs is run. tests/docs/commands.test.ts fails for a command without a row, and for a row
 * without a command. A row covers the commands of its page that begin with its text; the longest match wins.
 */
export interface Row {
  file: string;
  command: string;
  how: How;
}

type How =
  /** Here: against a running gateway, in one terminal per page. */
  | { run: 'here'; code: number; shows: RegExp | 'as the page' | undefined }
  /** In another test: the file (a glob), and the test's name or the beginning of it. */
  | { run: 'elsewhere'; test: string; name: string }
  /** Nowhere. The page gives its readers the same reason in the same words. */
  | { run: 'nowhere'; because: string };

/** @param shows text that the terminal's output must contain */
const here = (shows?: RegExp | 'as the page', code = 0): How => ({ run: 'here', code, shows });
const inTest = (test: string, name: string): How => ({ run: 'elsewhere', test, name });
const not = (because: string): How => ({ run: 'nowhere', because });
const page = (file: string, rows: Record<string, How>): Row[] =>
  Object.entries(rows).map(([command, how]) => ({ file, command, how }));

const up = inTest('tests/up/up.test.ts', 'npm run up starts everything, shows the addresses and how to try them');
const compose = (name: string, file = 'demo') => inTest(`tests/compose/${file}.compose.ts`, name);
const installed = (name: string) => inTest('tests/install/package.install.ts', name);
const released = (name: string) => inTest('tests/install/release.install.ts', name);
const made = (name: string) => inTest('tests/integration/release/release.test.ts', name);
const composeUp = compose('After a first start an agent calls a tool with its token');
const faults = inTest('tests/integration/stand-in/faults.test.ts', 'A stand-in that is started with faults logs them');
const cases = 'tests/e2e/attack/attack.test.ts';
const attacked = inTest(cases, 'no attack gets through, and none is skipped');
const ofMigration = inTest('tests/docs/migration.test.ts', 'Every command of the page does what the page says');
const migrated = ['OLD=', 'cp ', 'npm run doctor', 'npm run -s '];
const tokyo = /JST \(UTC\+09:00\) in Asia\/Tokyo/;
const isMetrics = /^mcp_gateway_\w+/m;
const version = /^[0-9a-f]{12}$/m;

export const rows: readonly Row[] = [
  ...page('README.md', {
    'npm run up': up,
    'npm install --global': installed('On a bare Debian with Node, the package installs by npm'),
    'mcp-gateway up': installed('mcp-gateway up installs nginx as root, starts everything, and an agent calls a tool'),
    'cp .env.example .env && docker compose up': composeUp,
    'npm run -s call -- currenttime': here(tokyo),
    'curl http://localhost:8080/currenttime/mcp': here(tokyo),
    'claude mcp add': not('which you install yourself'),
    'npx @modelcontextprotocol/inspector@2': not('which npx downloads'),
    'curl -i http://localhost:8080/currenttime/mcp': here(/^HTTP\/1\.1 403[\s\S]*"reason":"not_permitted"/m),
    'npm run -s agent -- --message': here(tokyo),
    'npm test': not('everything, this page included'),
    'npm run check': not('the quick part'),
    'npm run attack': attacked,
    'npm run -s explain': here(/^Allowed: /m),
    'npm run -s scopes:check': here(),
    'npm run doctor': here(/^ok/m),
    'npm run -s revoke -- --user bob': here(/sessions? ended; tokens given out until now are refused/),
    'curl http://localhost:8080/api/servers': here(/"route":"ok"/),
  }),
  ...page('docs/agent.md', {
    'mcp-gateway agent': inTest(
      'tests/docs/agent.test.ts',
      'Every capture in docs/agent.md is what the command prints',
    ),
  }),
  ...page('docs/api.md', {
    'GATEWAY=': here(),
    'TOKEN=': here(),
    'COOKIE=': here(),
    curl: here(/^\{/),
  }),
  ...page('docs/cognito.md', {
    'npm run -s secret-key': here(/^[0-9a-f]{64}$/m),
    'npm run doctor': here(/^ok/m),
    'npm run up': up,
    'curl http://localhost:8080/health': here(/"status":"up"/),
    'npm run -s token': here(/^eyJ/),
    'npm run -s call': here(tokyo),
  }),
  ...page('docs/command-line.md', {
    'npm run -s mcp-gateway -- servers': here(/currenttime/),
    'alias mcp-gateway': here(),
    'mcp-gateway servers | jq': here(/^currenttime$/m),
    'mcp-gateway call currenttime current_time_by_timezone tz_name=Asia/Tokyo | jq': here(/^\+09:00$/m),
    'curl -H "Authorization: Bearer $(mcp-gateway token)"': here(/"username":"3agentclient/),
    'mcp-gateway ': inTest('tests/docs/command-line.test.ts', 'Every capture in docs/command-line.md'),
  }),
  ...page('docs/debugging.md', {
    'npm run up | tee gateway.log': up,
    'curl -i http://localhost:8080/currenttime/mcp': here(/^HTTP\/1\.1 403[\s\S]*"reason":"not_permitted"/m),
    'ID=': here(),
    'grep "$ID" gateway.log': not('the gateway started this way'),
    'LOG_LEVEL=debug npm run up': up,
    'kill -USR1': not('opens a debug port'),
    'node_modules/.bin/node --inspect-brk': not('waits for the inspector'),
  }),
  ...page('docs/docker.md', {
    'cp .env.example .env': composeUp,
    'docker compose up': composeUp,
    'docker compose ps': compose('Only nginx can be reached from outside', 'containers'),
    'docker compose logs': compose('The log of the auth-server shows each decision'),
    'docker compose exec auth-server node': compose(
      'The command to revoke shows, in the container of the auth-server, who is logged in',
    ),
    'docker compose down': composeUp,
    'docker compose exec -T nginx cat': compose(
      'With TLS=self-signed an agent and a person use the gateway over https',
      'tls',
    ),
    'NODE_EXTRA_CA_CERTS=': compose('With TLS=self-signed an agent and a person use the gateway over https', 'tls'),
    'npm run test:compose': composeUp,
  }),
  ...page('docs/git.md', {
    'mcp-gateway login': inTest('tests/e2e/agents/login.test.ts', 'A person logs in with the real command'),
    'mcp-gateway policy replay': inTest('tests/e2e/policy-replay.test.ts', 'An editor learns from the command line'),
    'mcp-gateway policy import': inTest(
      'tests/e2e/policy-versions.test.ts',
      'On a terminal the command line says in words',
    ),
  }),
  ...page('docs/migration.md', {
    'docker compose up': composeUp,
    'npm run -s login': inTest('tests/e2e/agents/login.test.ts', 'A person logs in with the real command'),
    'npm run attack': attacked,
    ...Object.fromEntries(migrated.map((command) => [command, ofMigration])),
  }),
  ...page('docs/operations/access.md', {
    'docker compose exec auth-server node': compose(
      'The command to revoke shows, in the container of the auth-server, who is logged in',
    ),
    'npm run -s revoke -- --user alice': here(/sessions? ended; tokens given out until now are refused/),
  }),
  ...page('docs/operations/audit.md', {
    'mcp-gateway policy replay': inTest('tests/e2e/policy-replay.test.ts', 'An editor learns from the command line'),
    curl: here(),
    'npm run -s audit:export': inTest(
      'tests/integration/auth-server/audit/export.test.ts',
      'audit:export writes the same while the gateway runs',
    ),
    'npm run -s audit:verify': here(/The audit is whole\./),
    'npm run -s audit:verify -- --json': here(),
    'npm run -s audit:verify -- --heads': inTest(
      'tests/integration/operations/audit.test.ts',
      'with statements and a key that were kept elsewhere, audit:verify finds what was signed again',
    ),
    'npm run -s audit:erase': inTest(
      'tests/integration/operations/audit.test.ts',
      'audit:erase removes all that says who a person was, and the audit stays whole',
    ),
  }),
  ...page('docs/operations/database.md', {
    'node_modules/.bin/node -e': here(),
  }),
  ...page('docs/operations/monitoring.md', {
    'curl http://127.0.0.1:': here(/"status":"ready"/),
    'curl http://127.0.0.1:946': here(isMetrics),
    'sha256sum scopes.yml': here(version),
    'git show HEAD:scopes.yml': here(version),
    "jq -c 'select(.verdict": here(/"not_permitted"\]$/m),
  }),
  ...page('docs/policy.md', {
    'mcp-gateway policy ': inTest(
      'tests/e2e/policy-versions.test.ts',
      'A change from the command line is in force in all services, and going back too',
    ),
  }),
  ...page('docs/helm.md', {
    'helm install': inTest('tests/chart/cluster.chart.ts', 'helm install goes on if the Secrets and the policy exist'),
    'helm upgrade': not('No test installs it on a cluster'),
    kubectl: not('No test installs it on a cluster'),
  }),
  ...page('docs/kubernetes.md', {
    'docker build': composeUp,
    'docker push': not('for your container registry'),
    kubectl: not('npm run test:kubernetes'),
  }),
  ...page('docs/performance.md', {
    'npm run bench': not('9 minutes'),
    'npm run soak': not('ten minutes'),
  }),
  ...page('docs/registry.md', {
    curl: here(/^\{/),
  }),
  ...page('docs/releasing.md', {
    'sha256sum --check': released('The checksums fit every file'),
    'git ': made('A release that is not dry makes the same files'),
    jq: made('The bill of the package names every package of the lock file'),
    'docker load': released('%s says version, revision and source'),
    'docker image inspect': released('%s says version, revision and source'),
    'npm run release -- --dry-run': released('A dry run leaves every image of Docker its tags'),
    'npm run release': made('A release that is not dry makes the same files'),
  }),
  ...page('docs/scopes.md', {
    'npm run -s explain': here('as the page', 1),
    'git show HEAD:scopes.yml': here('as the page', 1),
  }),
  ...page('docs/security.md', {
    'npm run up': up,
    'npm run attack': attacked,
    'npm run attack -- --verbose': inTest(cases, 'the report ends with the result'),
    'npm run attack -- --help': here(/npm run attack/),
  }),
  ...page('docs/stand-in.md', {
    'COGNITO_FAULTS=': faults,
  }),
  ...page('docs/upstreams.md', {
    'pip install': inTest('tests/docs/upstreams-python.pip.ts', 'The page pins each package that it installs'),
  }),
  ...page('docs/validate.md', {
    'curl -si http://127.0.0.1:8888/validate': here(/^HTTP\/1\.1 200/m),
  }),
];
