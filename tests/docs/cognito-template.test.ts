import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CollectionTag, parse, type ScalarTag, type YAMLSeq } from 'yaml';
import { parsePolicy } from '../../common/policy/policy-file.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

interface Resource {
  Type: string;
  DependsOn?: string[];
  Condition?: string;
  Properties: Record<string, unknown>;
}
interface Template {
  Parameters: Record<string, { AllowedPattern: string; Default?: string }>;
  Conditions: Record<string, unknown>;
  Resources: Record<string, Resource>;
  Outputs: Record<string, { Description: string; Value: { ref: string } }>;
}

/** The CloudFormation tags that the template uses. */
const tags: (ScalarTag | CollectionTag)[] = [
  ...['!Not', '!Equals'].map((tag): CollectionTag => ({ tag, collection: 'seq', resolve: (list) => list as YAMLSeq })),
  { tag: '!Ref', resolve: (text) => ({ ref: text }) },
  { tag: '!Sub', resolve: (text) => ({ sub: text.replace(/\$\{(\w+)\}/g, '<$1>') }) },
];
const template = parse(read('deploy', 'cloudformation', 'cognito.yml'), {
  customTags: tags,
  strict: true,
  uniqueKeys: true,
}) as Template;
const ofType = (type: string) =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === `AWS::Cognito::${type}`);
const propertiesOf = (name: string) => template.Resources[name]?.Properties ?? {};
const policy = parsePolicy(read('scopes.yml'));

test('Everything that the template refers to is defined', () => {
  const known = new Set([...Object.keys(template.Resources), ...Object.keys(template.Parameters)]);
  const refs = [...JSON.stringify(template).matchAll(/"ref":"([^"]+)"/g)].map(([, name = '']) => name);
  const texts = [...JSON.stringify(template).matchAll(/"sub":"([^"]+)"/g)].map(([, text = '']) => text);
  const inTexts = texts.flatMap((text) => [...text.matchAll(/<(\w+)>/g)].map(([, name = '']) => name));
  expect(refs.length).toBeGreaterThan(10);
  for (const name of [...refs, ...inTexts]) expect(known).toContain(name);
  for (const { DependsOn = [] } of Object.values(template.Resources))
    for (const name of DependsOn) expect(known).toContain(name);
});

test('The template creates exactly the groups that scopes.yml maps', () => {
  const groups = ofType('UserPoolGroup').map(([, { Properties }]) => Properties.GroupName);
  expect(groups.sort()).toEqual([...policy.source.groups.keys()].sort());
});

test('The template creates exactly the resource server scopes for which scopes.yml has rules', () => {
  const scopes = ofType('UserPoolResourceServer').flatMap(([, { Properties }]) =>
    (Properties.Scopes as { ScopeName: string }[]).map(({ ScopeName }) => `${Properties.Identifier}/${ScopeName}`),
  );
  expect(scopes.sort()).toEqual([...policy.source.scopes.keys()].sort());
});

test("The client for people has the gateway's callbacks and sign-out pages, and the scopes that the login asks for", () => {
  expect(propertiesOf('WebClient')).toMatchObject({
    CallbackURLs: expect.arrayContaining([
      { sub: '<GatewayUrl>/oauth2/callback/cognito' },
      'http://localhost:8080/oauth2/callback/cognito',
    ]),
    LogoutURLs: expect.arrayContaining([{ sub: '<GatewayUrl>/login' }, 'http://localhost:8080/login']),
    AllowedOAuthFlows: ['code'],
    AllowedOAuthFlowsUserPoolClient: true,
  });
  const asked = /scope: '([^']+)'/.exec(read('auth-server', 'cognito', 'providers.ts'))?.[1]?.split(' ');
  expect(propertiesOf('WebClient').AllowedOAuthScopes).toEqual(asked);
});

test("An agent's client uses the client credentials grant, and the scopes are created before it", () => {
  const { DependsOn } = template.Resources.AgentClient ?? {};
  const Properties = propertiesOf('AgentClient');
  expect(Properties).toMatchObject({ GenerateSecret: true, AllowedOAuthFlows: ['client_credentials'] });
  for (const scope of Properties.AllowedOAuthScopes as string[]) expect(policy.source.scopes.has(scope)).toBe(true);
  expect(DependsOn).toEqual(['RestrictedServers']);
});

test('The first user is an administrator, gets a temporary password by mail, and is left out without an address', () => {
  const { Condition, Properties = {} } = template.Resources.FirstUser ?? {};
  expect(Properties).toMatchObject({
    Username: { ref: 'FirstUserName' },
    DesiredDeliveryMediums: ['EMAIL'],
    UserAttributes: [
      { Name: 'email', Value: { ref: 'FirstUserEmail' } },
      { Name: 'email_verified', Value: 'true' },
    ],
  });
  expect(template.Resources.FirstUserIsAdmin).toMatchObject({
    Condition,
    Properties: { GroupName: { ref: 'AdminGroup' }, Username: { ref: 'FirstUser' } },
  });
  expect(propertiesOf('AdminGroup').GroupName).toBe('mcp-registry-admin');
  expect(template.Conditions).toEqual({ [String(Condition)]: [[{ ref: 'FirstUserEmail' }, '']] });
  expect(template.Parameters.FirstUserEmail?.Default).toBe('');
  const { InviteMessageTemplate } = propertiesOf('UserPool').AdminCreateUserConfig as {
    InviteMessageTemplate: { EmailMessage: { sub: string } };
  };
  for (const part of ['<GatewayUrl>', '{username}', '{####}'])
    expect(InviteMessageTemplate.EmailMessage.sub).toContain(part);
});

test('No output contains a secret, and each is named after its setting', () => {
  const settings = read('docs', 'configuration.md');
  for (const { Description, Value } of Object.values(template.Outputs)) {
    expect(Value).toEqual({ ref: expect.any(String) });
    expect(settings).toContain(Description.split(',')[0]);
  }
});
