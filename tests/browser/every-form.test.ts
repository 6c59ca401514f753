import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startAccountProvider } from '../support/accounts/account-provider.ts';
import { startAccountServer } from '../support/accounts/account-server.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { expectFit, inContext, type Watched, watch } from '../support/browser/fit.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { listen } from '../support/listen.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

let browser: Browser;
let gateway: Gateway;
let ofPeople: Awaited<ReturnType<typeof listen>>;
const provider = await startAccountProvider();
const notes = await startAccountServer(provider.issuer);
const folder = mkdtempSync(join(tmpdir(), 'every-form-'));
beforeAll(async () => {
  const UPSTREAM_SECRETS_FILE = join(folder, 'secrets.yml');
  const account = { issuer: provider.issuer, title: 'Notion', scopes: ['openid', 'offline_access', 'mcp'] };
  writeFileSync(UPSTREAM_SECRETS_FILE, JSON.stringify({ notion: { account, for: [notes.address] } }));
  const server = {
    name: 'notes',
    title: 'Notes',
    description: 'Pages of the team',
    tags: [],
    auth: { account: 'notion' },
  };
  const where = { upstream: new URL(notes.address).origin, transports: { 'streamable-http': '/mcp' } };
  // As shipped, but that carol and dave may call the server where each has an account.
  const SCOPES_FILE = join(folder, 'scopes.yml');
  const [own, rule] = [
    'mcp-servers-restricted/execute:\n',
    '  - server: notes\n    methods: [tools/call]\n    tools: ["*"]\n',
  ];
  const shipped = readFileSync(join(import.meta.dirname, '../../scopes.yml'), 'utf8');
  writeFileSync(SCOPES_FILE, shipped.replace(`\n${own}`, `\n${own}${rule}`));
  const settings = { ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8', UPSTREAM_SECRETS_FILE, SCOPES_FILE };
  [gateway, browser] = await Promise.all([
    startGateway(settings, [{ ...server, ...where }], { processes: ['registry'] }),
    launchBrowser(),
  ]);
  // A server that wants accounts of people, and names an issuer for them.
  ofPeople = await listen((req, res) => {
    if (!req.url?.startsWith('/.well-known/')) return void res.writeHead(401).end();
    res.end(JSON.stringify({ authorization_servers: ['https://login.example.com/a-tenant-with-a-long-name'] }));
  });
});
afterAll(async () => {
  await Promise.all([browser?.close(), gateway?.stop()]);
  await Promise.all([provider.close(), notes.close(), ofPeople?.close()]);
  rmSync(folder, { recursive: true });
});

type Prepare = (page: Page) => Promise<unknown>;

/** Opens a page through the gateway, signed in as alice unless `who` is null. */
async function visit(
  path: string,
  prepare: Prepare = async () => undefined,
  who: 'alice' | null = 'alice',
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await inContext(context, async (page, watched) => {
    if (who) await context.addCookies([await cookieOf(who)]);
    await page.goto(gateway.url + path);
    await prepare(page);
    await expectFit(page, watched);
  });
}
const cookies = new Map<string, string>();
async function cookieOf(person: string) {
  const cookie = cookies.get(person) ?? (await gateway.sessionCookie(person));
  cookies.set(person, cookie);
  const [name = '', value = ''] = cookie.split(/=(.*)/s);
  return { name, value, url: gateway.url, httpOnly: true, sameSite: 'Lax' as const };
}
/** Changes a server as another person would, meanwhile. */
const changeMeanwhile = async (page: Page, name: string, more: object) => {
  const url = `${gateway.url}/api/servers/${name}`;
  const { revision } = (await (await page.request.get(url)).json()) as { revision: number };
  const headers = { origin: gateway.url, 'content-type': 'application/json' };
  expect((await page.request.patch(url, { headers, data: { revision, ...more } })).status()).toBe(200);
};
const save = (page: Page) => page.getByRole('button', { name: 'Save' }).click();
const edit = '/servers/fininfo/edit';

const register = '/register';
/** Tests the address of a server whose name is taken. */
const testAddress = async (page: Page) => {
  await page.getByLabel('Address').fill(`http://127.0.0.1:${gateway.ports.currenttime}/mcp`);
  await page.getByLabel('Address').press('Enter');
  await page.getByText('It works.').waitFor();
};
const registerIt = (page: Page) => page.getByRole('button', { name: 'Register', exact: true }).click();
const importIt = async (page: Page, what: object) => {
  await page.getByText('Import a server.json, or several servers').click();
  await page.getByLabel('server.json').last().fill(JSON.stringify(what));
  await page.getByRole('button', { name: 'Read it' }).click();
};
const remotes = [{ type: 'streamable-http', url: 'https://weather.example/mcp' }];
const entry = (name: string) => ({ name, description: 'Says something', version: '1.0.0', remotes });

/** The pages of nginx and the auth-server have a stylesheet of their own. */
const heading =
  (name: string | RegExp): Prepare =>
  async (page) => {
    await page.getByRole('heading', { name }).waitFor();
    expect(await page.evaluate('getComputedStyle(document.querySelector(".card")).borderRadius')).toBe('10px');
  };
const formStates: [string, string, Prepare][] = [
  ['The address of a server that was tested', register, testAddress],
  [
    'A name that is taken',
    register,
    async (page) => {
      await testAddress(page);
      await page.getByLabel('Name', { exact: false }).first().fill('fininfo');
      await page.getByRole('button', { name: 'Test again' }).click();
      await page.getByText('There is a server "fininfo" already. Try fininfo-2.').waitFor();
    },
  ],
  [
    'An address that does not work',
    register,
    async (page) => {
      await page.getByLabel('Address').fill(`http://127.0.0.1:${gateway.ports.currenttime}`);
      await page.getByText('Credential, paths and headers').click();
      await page.getByLabel('Path of Streamable HTTP').fill('/mcp');
      await page.getByLabel('Path of SSE').fill('/nowhere');
      await page.getByRole('button', { name: 'Test connection' }).click();
      await page.getByText('It does not work yet').waitFor();
    },
  ],
  [
    'An address that wants accounts of people',
    register,
    async (page) => {
      await page.getByLabel('Address').fill(`http://127.0.0.1:${ofPeople.port}/mcp`);
      await page.getByText('Credential, paths and headers').click();
      await page.getByLabel('Each person’s own account').check();
      await page.getByLabel('Entry with accounts').fill('notes');
      expect(await page.locator('input[name=secret]').isVisible()).toBe(false);
      await page.getByRole('button', { name: 'Test connection' }).click();
      await page.getByText('There are no accounts called "notes" for it.').last().waitFor();
      await page.getByLabel('None').check();
      await page.getByRole('button', { name: 'Test again' }).click();
      await page.getByText('no entry of the operator covers this address').waitFor();
      await page.getByLabel('Address').fill(notes.address);
      await page.getByRole('button', { name: 'Test again' }).click();
      await page.getByText('The operator has an entry for this address: notion.').waitFor();
      expect(await page.getByLabel('Each person’s own account').isChecked()).toBe(true);
      expect(await page.getByLabel('Entry with accounts').inputValue()).toBe('notion');
    },
  ],
  [
    'The form to register a server with faults',
    register,
    async (page) => {
      await page.getByLabel('Title').fill('Notes of the team');
      await page.getByLabel('Address').fill('10.0.0.5:8000');
      await registerIt(page);
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'A server that was registered, and who may use it',
    register,
    async (page) => {
      await testAddress(page);
      await registerIt(page);
      await page.getByText('Only administrators may use it yet').waitFor();
    },
  ],
  [
    'How to give access to a server',
    register,
    async (page) => {
      await testAddress(page);
      await registerIt(page);
      await page.getByRole('link', { name: 'Give access…' }).click();
      await page.getByLabel('Group or agent').selectOption('mcp-registry-user');
      await page.getByText('The whole file').waitFor();
    },
  ],
  [
    'A server that is imported',
    register,
    async (page) => {
      await importIt(page, entry('io.x/weather'));
      await page.getByText('is filled in from it').waitFor();
    },
  ],
  [
    'Several servers that are imported',
    register,
    async (page) => {
      await importIt(page, { servers: [entry('io.x/several'), entry('io.x/currenttime'), { name: 'io.x/broken' }] });
      await page.getByRole('heading', { name: 'Import 3 servers' }).waitFor();
    },
  ],
  ['The question before an account is connected', '/accounts/connect/notes', async () => undefined],
  [
    'An account that was connected at a provider',
    '/servers/notes',
    async (page) => {
      await page.getByRole('link', { name: 'Connect', exact: true }).first().click();
      await page.getByRole('button', { name: 'Continue to' }).click();
      await page.getByLabel('Account').fill('carol');
      await page.getByRole('button', { name: 'Agree' }).click();
      await page.getByRole('heading', { name: 'Connected as carol' }).waitFor();
      expect(new URL(page.url()).pathname).toBe('/accounts/connect/notes');
    },
  ],
  [
    'A server at which one has an account',
    '/servers/notes',
    async (page) => void (await page.getByText('Your account: connected as carol').waitFor()),
  ],
  [
    'An account that was disconnected',
    '/account',
    async (page) => {
      await page.getByRole('button', { name: 'Disconnect Notion at notes' }).click();
      await page.getByText('Disconnected: the Notion account at notes.').waitFor();
    },
  ],
  ['A server that wants no account', '/accounts/connect/currenttime', heading('currenttime needs no account of yours')],
  [
    'The people after all access of one has ended',
    '/people',
    async (page) => {
      await gateway.sessionCookie('bob');
      await page.reload();
      await page.getByRole('link', { name: 'bob' }).click();
      await page.getByRole('link', { name: 'End all access…' }).click();
      await page.getByRole('button', { name: 'End all access of bob' }).click();
      await page.getByText('All access of bob ended.').waitFor();
    },
  ],
  [
    'A form to ask for access that lacks the reason',
    '/requests/new?server=fininfo',
    async (page) => {
      await page.getByRole('button', { name: 'Ask for access' }).click();
      await page.getByText('Not sent.').waitFor();
    },
  ],
  [
    'A request for access that was answered',
    '/requests/new?server=fininfo',
    async (page) => {
      await page.getByLabel('Why you need it').fill('For the weekly report.');
      await page.getByRole('button', { name: 'Ask for access' }).click();
      await page.getByText('You have asked for access.').waitFor();
      await page.getByLabel('What alice reads').fill('You have it already.');
      await page.getByRole('button', { name: 'Refuse the request' }).click();
      await page.getByText('You have refused the request.').waitFor();
    },
  ],
  [
    'A form that was changed meanwhile',
    edit,
    async (page) => {
      await changeMeanwhile(page, 'fininfo', { title: 'Prices_on_all_the_exchanges_of_the_world', tags: ['prices'] });
      await page.getByLabel('Title').fill('My own title');
      await save(page);
      await page.getByRole('heading', { name: 'Changed meanwhile' }).waitFor();
      expect(await page.getByLabel('Title').inputValue()).toBe('My own title');
    },
  ],
  [
    'A form with faults',
    edit,
    async (page) => {
      await page.getByLabel(/^(Upstream URL|Address)/).fill('10.0.0.5:8000');
      await save(page);
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'A server that was saved',
    edit,
    async (page) => {
      await page.getByLabel('Version').fill('1.2');
      await save(page);
      await page.getByText('Saved.').waitFor();
    },
  ],
  [
    'A set with faults',
    '/register?kind=set',
    async (page) => {
      await page.locator('#pick-currenttime > summary').click();
      await page.getByRole('button', { name: 'Make the set' }).click();
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'A set that was made, and who may open it',
    '/register?kind=set',
    async (page) => {
      await page.getByLabel('Title').fill('Daily work');
      await page.getByRole('textbox', { name: /^Name/ }).fill('daily');
      await page.getByLabel('Description').fill('What the team needs every day');
      // By the keyboard only.
      await page.getByLabel('Filter servers and tools').fill('current_time');
      // Other states register servers of the same tools.
      const tools = page.locator('#pick-currenttime');
      await tools.getByRole('checkbox', { name: /^current_time/ }).focus();
      await page.keyboard.press('Space');
      await page.getByRole('button', { name: 'Make the set' }).focus();
      await page.keyboard.press('Enter');
      await page.getByText('is made.').waitFor();
      expect(await page.getByText('currenttime__').count()).toBe(1);
    },
  ],
  [
    'A form that the gateway gives back when the session has ended',
    edit,
    async (page) => {
      await page.context().clearCookies();
      await page.getByLabel('Title').fill('Kept');
      await save(page);
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    },
  ],
  [
    'A form that is too large',
    edit,
    async (page) => {
      await page.evaluate(`document.getElementById('description').value = 'x'.repeat(10_000_000)`);
      await save(page);
      await page.getByRole('heading', { name: 'The form is too large' }).waitFor();
    },
  ],
];
test.each(formStates)(
  '%s: everyone can use it, in every theme and width, and nothing moves',
  async (_what, path, prepare) => {
    await visit(path, prepare);
  },
);

test('carol and dave connect their accounts in browsers of their own, and the server sees each of them as themselves', async () => {
  const people = ['carol', 'dave'] as const;
  const contexts = await Promise.all(people.map(() => browser.newContext()));
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } };
  const headers = { origin: gateway.url, accept: 'application/json, text/event-stream' };
  const ask = (n: number) => contexts[n]?.request.post(`${gateway.url}/notes/mcp`, { headers, data: call });
  try {
    for (const [n, context] of contexts.entries()) {
      const person = String(people[n]);
      await context.addCookies([await cookieOf(person)]);
      const page = await context.newPage();
      await page.goto(`${gateway.url}/accounts/connect/notes`);
      await page.getByRole('button', { name: 'Continue to' }).click();
      await page.getByLabel('Account').fill(`${person}-at-notion`);
      await page.getByRole('button', { name: 'Agree' }).click();
      await page.getByRole('heading', { name: `Connected as ${person}-at-notion` }).waitFor();
    }
    notes.seen.people.length = 0;
    const answers = await Promise.all([ask(0), ask(1), ask(0)]);
    const texts = await Promise.all(answers.map((answer) => answer?.text()));
    const expected = ['carol-at-notion', 'dave-at-notion', 'carol-at-notion'];
    for (const [n, text] of texts.entries()) expect(text).toContain(`"text":"${expected[n]}"`);
    expect([...notes.seen.people].sort()).toEqual([...expected].sort());
  } finally {
    await Promise.all(contexts.map((context) => context.close()));
  }
});

const doorStates: [string, string, Prepare, 'alice' | null][] = [
  ['The login page', '/login', heading('Sign in'), null],
  [
    'A login that cannot be finished',
    '/oauth2/callback/cognito?code=a&state=b',
    heading('This login cannot be finished'),
    null,
  ],
  ['A provider that does not exist', '/oauth2/login/none', heading(/./), null],
  ['The question before signing out', '/oauth2/logout/cognito', heading(/./), 'alice'],
  [
    'The page after signing out',
    '/oauth2/logout/cognito',
    async (page) => {
      // With an empty response, the browser stays on the page that it would otherwise leave at once.
      await page.route(new RegExp(`:${gateway.ports.cognito}/logout`), (route) => route.fulfill({ status: 204 }));
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Signed out' }).waitFor();
      cookies.clear();
    },
    'alice',
  ],
  ['An address without a page', '/nothing-at-all', heading('There is nothing here'), null],
  ['The address of an MCP server', '/currenttime/mcp', heading('This address is for MCP clients'), null],
];
test.each(doorStates)(
  '%s: everyone can use it, in every theme and width, and nothing moves',
  async (_what, path, prepare, who) => {
    await visit(path, prepare, who);
  },
);

describe('While the registry does not answer', () => {
  let form: Page;
  let watched: Watched;
  beforeAll(async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    context.setDefaultTimeout(90_000);
    await context.addCookies([await cookieOf('alice')]);
    form = await context.newPage();
    watched = await watch(form);
    await form.goto(gateway.url + edit);
    await gateway.kill('registry');
  });

  test('a page that says so: everyone can use it, in every theme and width, and nothing moves', async () => {
    await visit('/', heading('Not available at the moment'));
  });

  test('a form that the gateway gives back: everyone can use it, in every theme and width, and nothing moves', async () => {
    await save(form);
    await form.getByRole('heading', { name: 'Not available at the moment' }).waitFor();
    await expectFit(form, watched);
    await form.context().close();
  });
});
