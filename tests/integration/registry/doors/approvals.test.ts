import { createServer } from 'node:http';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createLog } from '../../../../common/service/log.ts';
import { createWaitingApprovals } from '../../../../registry/doors/approvals.ts';
import { createNavigation } from '../../../../registry/pages/shared/navigation.ts';
import { useClock } from '../../../support/clock.ts';
import { listen, until } from '../../../support/listen.ts';

const clock = useClock();
let waiting = 3;
let status = 200;
const asked: (string | undefined)[] = [];
const { port, close } = await listen(
  createServer((req, res) => {
    asked.push(`${req.url} ${req.headers['x-mcp-assertion']}`);
    const body = status === 200 ? { waiting } : { error: { code: 'session_needed', message: 'No.' } };
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }),
);
afterAll(close);
beforeEach(() => {
  asked.length = 0;
  [waiting, status] = [3, 200];
});
const newApprovals = () => createWaitingApprovals(`http://127.0.0.1:${port}`, createLog('registry', 'silent'));
const alice = { sub: 'alice' };

test('A page does not wait for the number: the next one has it, and it is asked for again after some seconds', async () => {
  const approvals = newApprovals();
  expect(approvals.of(alice, 'of-alice')).toBe(0);
  expect(await until(() => approvals.of(alice, 'of-alice') === 3)).toBe(true);
  expect(asked).toEqual(['/account/approvals of-alice']);
  expect(approvals.of({ sub: 'bob' }, 'of-bob')).toBe(0);
  waiting = 0;
  clock.advance(6);
  expect(approvals.of(alice, 'of-alice')).toBe(3);
  expect(await until(() => approvals.of(alice, 'of-alice') === 0)).toBe(true);
});

test('Without an answer the page shows no number, and the auth-server is not asked for each page', async () => {
  status = 403;
  const approvals = newApprovals();
  for (let i = 0; i < 5; i++) expect(approvals.of(alice, 'a-token')).toBe(0);
  expect(await until(() => asked.length > 0)).toBe(true);
  expect(approvals.of(alice, 'a-token')).toBe(0);
  expect(asked).toHaveLength(1);
});

describe('The entry of approvals', () => {
  const policyOf = (tool: string) =>
    parsePolicy(`
group_mappings: { g: [s] }
s: [{ server: "*", methods: [tools/call], tools: [${tool}] }]
`);
  const person = {
    sub: 'alice',
    username: 'alice',
    groups: ['g'],
    scopes: ['s'],
    authMethod: 'session_cookie',
  } as const;
  const entryFor = (tool: string, who: Parameters<ReturnType<typeof createNavigation>>[0] = person) => {
    const policy = policyOf(tool);
    const navigation = createNavigation(() => policy, undefined, undefined, { of: () => 2 });
    return navigation(who, '/', 'assertion').find(({ href }) => href === '/approvals');
  };

  test('stands on pages where a rule asks for approvals, with their number', () => {
    expect(entryFor('{ name: t, approve: person }')).toMatchObject({ label: 'Approvals', approvals: 2 });
  });

  test('stands on no page where no rule does, and not for who has no sign-in in a browser', () => {
    expect(entryFor('t')).toBeUndefined();
    for (const authMethod of ['jwt', 'public'] as const)
      expect(entryFor('{ name: t, approve: person }', { ...person, authMethod })).toBeUndefined();
  });
});
