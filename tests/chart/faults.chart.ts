import { chart, template } from './support/tools.ts';

const small = [`${chart}/examples/small.yaml`];

test.each([
  ['no image is named', ['images.nginx.repository='], 'images.nginx.repository is empty. Build and push the images'],
  ['a value is misspelled', ['gate.replica=3'], "at '/gate': additional properties 'replica' not allowed"],
  ['a part is unknown', ['autoscaling.enabled=true'], "additional properties 'autoscaling' not allowed"],
  ['a value has another type', ['gate.replicas=many'], "at '/gate/replicas': got string, want integer"],
  [
    'the address is missing',
    ['settings.REGISTRY_URL='],
    'settings.REGISTRY_URL is missing. docs/cognito.md says where',
  ],
  [
    'the address is http',
    ['settings.REGISTRY_URL=http://a.example.com'],
    'It must be https:// and the host in small letters',
  ],
  ['the address has a path', ['settings.REGISTRY_URL=https://a.example.com/mcp'], 'without a path'],
  ['the user pool is missing', ['settings.COGNITO_USER_POOL_ID='], 'settings.COGNITO_USER_POOL_ID is missing'],
  [
    "the user pool is the stand-in's",
    ['settings.COGNITO_USER_POOL_ID=us-east-1_LocalPool'],
    'whose passwords are public',
  ],
  [
    'a secret is among the values',
    ['settings.SECRET_KEY=abc'],
    'settings.SECRET_KEY is secret. Remove it from the values',
  ],
  [
    'a setting is misspelled',
    ['settings.LOG_LEVLE=debug'],
    'settings.LOG_LEVLE is not a setting of the services in a cluster',
  ],
  ['a setting is not for clusters', ['settings.COMPOSE_PROFILES=demo'], 'settings.COMPOSE_PROFILES is not a setting'],
  ["a setting is the chart's own", ['settings.ROUTES_DIR=/tmp'], 'settings.ROUTES_DIR is set by the chart itself'],
  [
    'the certificate would be made by nginx',
    ['settings.TLS=self-signed'],
    'settings.TLS is self-signed. In a cluster it is',
  ],
  [
    'a file is in no pod',
    ['settings.UPSTREAM_SECRETS_FILE=/etc/a.yml'],
    'which no pod has. Put the file into a Secret',
  ],
  [
    'TLS is on twice',
    ['ingress.enabled=true'],
    'settings.TLS is on. Set it to "off": the Ingress or HTTPRoute ends TLS',
  ],
  ['clients would count as one', ['ingress.enabled=true', 'settings.TLS=off'], 'settings.TRUSTED_PROXIES is missing'],
  ['two things are in front', ['ingress.enabled=true', 'httpRoute.enabled=true'], 'are both true. Choose one.'],
  ['a route has no Gateway', ['httpRoute.enabled=true'], 'httpRoute.parentRefs is empty. Name the Gateway'],
  [
    'the most is less than the least',
    ['gate.autoscaling.enabled=true', 'gate.autoscaling.max=1'],
    'The max must not be smaller',
  ],
  [
    'a collector is closed',
    ['settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318'],
    'Set network.collector.namespace or .cidrs',
  ],
  [
    'embeddings are closed',
    ['settings.EMBEDDINGS_URL=http://model:8080'],
    'Set network.embeddings.namespace or .cidrs',
  ],
  [
    'embeddings are at another port',
    ['settings.EMBEDDINGS_URL=https://a.example.com:8443'],
    'only port 443 of public addresses',
  ],
  ['the database is closed', ['network.database.namespace='], 'without them the gateway cannot start'],
  ['servers are nowhere', ['network.mcpServers.elsewhere[0].port=80'], 'Say where these MCP servers are'],
])('If %s, nothing is rendered and a sentence says what to do', async (_what, values, sentence) => {
  const { code, out, errors } = await template(small, values);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(errors).toContain(sentence);
});

test('All faults of the values are named at once, each in its own line', async () => {
  const { errors } = await template([]);
  const lines = errors.split('\n').filter((line) => line.startsWith('- '));
  expect(lines.map((line) => line.split(' ')[1])).toEqual([
    'images.gateway.repository',
    'images.nginx.repository',
    'settings.REGISTRY_URL',
    'settings.COGNITO_USER_POOL_ID',
    'settings.COGNITO_CLIENT_ID',
  ]);
});

test.each([
  ['on, as YAML reads it', ['settings.TLS=true'], 'TLS: "on"'],
  ['off', ['settings.TLS=false'], 'TLS: "off"'],
  ['a large number', ['settings.MAX_BODY_BYTES=16777216'], 'MAX_BODY_BYTES: "16777216"'],
])('A setting may be %s', async (_what, values, line) => {
  const { code, out } = await template(small, values);
  expect(code).toBe(0);
  expect(out).toContain(`  ${line}\n`);
});
