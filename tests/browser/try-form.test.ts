import { jest } from '@jest/globals';
import type { Browser, Page, Route } from 'playwright-core';
import { parsePolicy } from '../../common/policy/policy-file.ts';
import { toolSegment } from '../../registry/pages/shared/tool-id.ts';
import type { Health, HealthDetails } from '../../registry/servers/server-health.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { admin, signer, startRegistry, storeOf, toolOf } from '../support/registry/registry-fixture.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(120_000);

const policy = parsePolicy(`
UI-Scopes:
  mcp-registry-admin: {list_service: [all]}
mcp-registry-admin:
  - {server: '*', methods: [all], tools: ['*']}
`);
const servers = `
- {name: notes, title: Notes, description: Notes of all, upstream: 'http://127.0.0.1:8000', transports: {streamable-http: /mcp}}
- {name: newer, title: Newer, description: A stateless one, upstream: 'http://127.0.0.1:8001', transports: {streamable-http: /mcp}}
`;
const schema = {
  type: 'object',
  required: ['title', 'priority', 'where'],
  properties: {
    title: { type: 'string', maxLength: 80, description: 'What it is about', default: 'never filled in' },
    body: { type: 'string' },
    count: { type: 'integer', minimum: 1 },
    share: { type: ['number', 'null'] },
    urgent: { type: 'boolean' },
    priority: { enum: ['low', 'high', 3] },
    key: { type: 'string', format: 'password' },
    labels: { type: 'array', items: { type: 'string', maxLength: 20 } },
    where: {
      oneOf: [
        { title: 'By id', type: 'integer' },
        {
          title: 'By place',
          type: 'object',
          required: ['kind'],
          properties: { kind: { const: 'place' }, x: { type: 'number' } },
        },
      ],
    },
    more: { type: 'object', properties: { deep: { type: 'object', additionalProperties: true } } },
    __proto: { type: 'string', maxLength: 9 },
  },
};
const tools = [
  toolOf('add', { inputSchema: schema, annotations: { readOnlyHint: true } }),
  toolOf('none', { inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }),
  toolOf('drop', { inputSchema: { type: 'object' } }),
];

let browser: Browser;
let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  const healthy = { status: 'healthy', checkedAt: new Date(), error: null } as const;
  const announced = { era: 'modern', protocolVersion: '2026-07-28' } as HealthDetails['announced'];
  const details = { unstable: false, latencyMs: 1, checks: [], since: new Date(), announced, seenAt: null };
  const region = { properties: { region: { type: 'string', maxLength: 9, 'x-mcp-header': 'Region' } } };
  const byRegion = toolOf('by region', { inputSchema: region, annotations: { readOnlyHint: true } });
  const healthOf = (name: string): Health =>
    name === 'newer' ? { ...healthy, tools: [byRegion], details } : { ...healthy, tools };
  registry = await startRegistry(signer.keys, { store: await storeOf(servers), policy: () => policy, healthOf });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await registry?.close();
});

type Answer = (route: Route, id: number) => Promise<void>;
const json = (result: object, headers: Record<string, string> = {}): Answer => {
  return (route, id) =>
    route.fulfill({ contentType: 'application/json', headers, body: JSON.stringify({ jsonrpc: '2.0', id, result }) });
};

/** Opens the page of a tool; `answer` is what a call gets. `sent` are the bodies of calls. */
async function visit(tool: string, answer: Answer, look: (page: Page, sent: string[]) => Promise<void>): Promise<void> {
  const extraHTTPHeaders = { 'X-Mcp-Assertion': await signer.sign(admin) };
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, extraHTTPHeaders });
  context.setDefaultTimeout(60_000);
  const sent: string[] = [];
  const complaints: string[] = [];
  try {
    await context.route(/\/(?:notes|newer)\/mcp$/, (route) => {
      const { id, method } = (route.request().postDataJSON() ?? {}) as { id?: number; method?: string };
      if (method === 'initialize') return json({ protocolVersion: '2025-11-25', capabilities: {} })(route, id ?? 0);
      if (method !== 'tools/call') return route.fulfill({ status: 202 });
      sent.push(route.request().postData() ?? '');
      return answer(route, id ?? 0);
    });
    const page = await context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    const server = tool === 'by region' ? 'newer' : 'notes';
    await page.goto(`${registry.url}/servers/${server}/tools/${toolSegment(tool)}/try`);
    await look(page, sent);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

const done = json({ content: [{ type: 'text', text: 'Done.' }] });
const argumentsOf = (body: string | undefined) => JSON.parse(body ?? '').params.arguments;
const call = (page: Page, tool = 'add') =>
  page
    .getByRole('button', { name: `Call ${tool}` })
    .first()
    .click();
const answerOf = (page: Page) => page.getByRole('region', { name: 'Answer' }).locator('code');

test('The form makes the arguments of a call from every kind of field, and fills in nothing by itself', async () => {
  await visit('add', done, async (page, sent) => {
    await call(page);
    await page.getByText('title is missing.').waitFor();
    expect(sent).toEqual([]);
    expect(await page.getByLabel(/^title/).inputValue()).toBe('');

    await page.getByLabel(/^title/).fill('A title');
    await page.getByLabel(/^body/).fill('two\nlines');
    await page.getByLabel(/^count/).fill('1.5');
    await page.getByLabel(/^urgent/).selectOption('true');
    await page.getByLabel(/^priority/).selectOption('3');
    await page.getByLabel('Send null as share').check();
    await page.getByLabel('Send labels').check();
    await page.getByRole('button', { name: 'Add to labels' }).click();
    await page.keyboard.type('web');
    await page.getByLabel('Kind of where').selectOption('By place');
    await page.getByLabel(/^x/).fill('-2.5e1');
    await page.getByLabel('Send more').check();
    await page.getByLabel(/^deep/).fill('{"any": [1]}');
    await call(page);
    await page.getByText('count must be a whole number.').waitFor();
    await page.getByLabel(/^count/).fill('12345678901234567890');
    await call(page);
    await page.getByText('count is too large to be exact here.').waitFor();
    await page.getByLabel(/^count/).fill('7');
    await call(page);
    await page.getByText('The tool answered.').waitFor();
    expect(argumentsOf(sent[0])).toEqual({
      title: 'A title',
      body: 'two\nlines',
      count: 7,
      share: null,
      urgent: true,
      priority: 3,
      labels: ['web'],
      where: { kind: 'place', x: -25 },
      more: { deep: { any: [1] } },
    });
  });
});

test('The JSON stays in step with the form, in both directions, and is sent as it is written', async () => {
  await visit('add', done, async (page, sent) => {
    await page.getByLabel(/^title/).fill('From the form');
    await page.getByText('JSON', { exact: true }).first().click();
    const text = page.getByLabel('Arguments as JSON');
    expect(JSON.parse(await text.inputValue())).toEqual({ title: 'From the form' });

    await text.fill('{"title": ');
    await page.getByText('This must be one JSON object').waitFor();
    await call(page);
    await page.getByText('The arguments must be one JSON object.').waitFor();
    await text.fill('{"where": 12, "priority": "low", "labels": ["a", "b"], "title": "From JSON"}');
    await page.getByText('Form', { exact: true }).click();
    expect(await page.getByLabel(/^title/).inputValue()).toBe('From JSON');
    expect(await page.getByLabel(/^labels 2/).inputValue()).toBe('b');
    expect(
      await page
        .getByLabel(/^where/)
        .last()
        .inputValue(),
    ).toBe('12');

    await page.getByText('JSON', { exact: true }).first().click();
    await text.fill('{"title": "x", "count": 12345678901234567890, "other": {"__proto__": 1}}');
    await page.getByText('Form', { exact: true }).click();
    await page.getByText('The JSON has parts that the form cannot show.').waitFor();
    expect(await page.getByLabel(/^title/).isDisabled()).toBe(true);
    await call(page);
    await page.getByText('The tool answered.').waitFor();
    expect(sent[0]).toContain('"arguments":{"title": "x", "count": 12345678901234567890, "other": {"__proto__": 1}}');
  });
});

test('What is typed into a password of the schema is hidden, also in the request that is shown', async () => {
  await visit('add', done, async (page, sent) => {
    await page.getByLabel(/^title/).fill('x');
    await page.getByLabel(/^priority/).selectOption('low');
    await page.getByLabel('Kind of where').selectOption('By id');
    await page
      .getByLabel(/^where/)
      .last()
      .fill('1');
    await page.getByLabel(/^key/).fill('hunter2"');
    const shape = `getComputedStyle(document.querySelector('.concealed')).getPropertyValue('-webkit-text-security')`;
    expect(await page.evaluate(shape)).toBe('disc');
    await call(page);
    await page.getByText('The tool answered.').waitFor();
    await page.getByText('Request', { exact: true }).click();
    const shown = await answerOf(page).textContent();
    expect(shown).toContain('"key": "•••"');
    expect(shown).not.toContain('hunter2');
    expect(argumentsOf(sent[0])).toMatchObject({ key: 'hunter2"', where: 1 });
  });
});

test('No field can be filled in from what the browser knows of a person', async () => {
  await visit('add', done, async (page) => {
    const fields = page.locator('[data-try-fields]').locator('input, textarea, select');
    const about = await fields.evaluateAll((all) =>
      all.map((each) => [each.getAttribute('name'), each.getAttribute('type'), each.getAttribute('autocomplete')]),
    );
    expect(about.length).toBeGreaterThan(10);
    for (const [name, type, autocomplete] of about) {
      expect([name, autocomplete]).toEqual([null, 'off']);
      expect(type).not.toBe('password');
    }
  });
});

test('An answer is text, whatever it holds, with hidden characters spelled out and bounded in size', async () => {
  const evil = json({
    content: [
      { type: 'text', text: '<img src=x onerror="alert(1)"> [a](https://evil.example) pay\u200bload \u202egnp' },
      { type: 'image', mimeType: 'image/png', data: 'A'.repeat(16_000) },
      { type: 'resource_link', name: 'a', uri: 'javascript:alert(1)' },
      { type: 'resource', resource: { uri: 'file:///a', text: 'inside' } },
      { type: 'text', text: 'x'.repeat(300_000) },
    ],
  });
  await visit('none', evil, async (page) => {
    await call(page, 'none');
    await page.getByText('The tool answered.').waitFor();
    const answer = answerOf(page);
    expect(await answer.locator('*').count()).toBe(0);
    const text = (await answer.textContent()) ?? '';
    expect(text).toContain('<img src=x onerror="alert(1)"> [a](https://evil.example) pay\\u{200b}load \\u{202e}gnp');
    expect(text).toContain('[image, image/png, 12 kB]');
    expect(text).toContain('[link to a resource: a javascript:alert(1)]');
    expect(text).toMatch(/… and [\d,]+ more characters$/);
    expect(text.length).toBeLessThan(201_000);
  });
});

test.each<[string, Answer, RegExp]>([
  [
    'no JSON',
    (route) => route.fulfill({ contentType: 'text/html', body: '<h1>Hello</h1>' }),
    /The answer is not one of MCP \(HTTP 200\)/,
  ],
  ['the answer to another request', (route) => json({})(route, 99), /The answer is not one of MCP/],
  [
    'more than this page reads',
    (route) => route.fulfill({ contentType: 'application/json', body: `"${'x'.repeat(4_100_000)}"` }),
    /larger than 4 MB/,
  ],
  [
    'a stream that ends too early',
    (route) => route.fulfill({ contentType: 'text/event-stream', body: ': nothing\n\n' }),
    /ended the answer before it was complete/,
  ],
])('The page says so if a server answers with %s', async (_what, answer, said) => {
  await visit('none', answer, async (page) => {
    await call(page, 'none');
    await page.getByText(said).waitFor();
  });
});

test('An answer whose stream ends early goes on where it was, after progress and a question of the server', async () => {
  const events = (...messages: object[]) =>
    messages.map((message) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\r\n\r\n`).join('');
  const asked: string[] = [];
  const first: Answer = async (route) => {
    const page = route.request().frame().page();
    page.on('request', (request) => {
      if (request.method() === 'GET' && request.url().endsWith('/mcp'))
        asked.push(request.headers()['last-event-id'] ?? '');
      if (request.postData()?.includes('"id":"q"')) asked.push(request.postData() ?? '');
    });
    await page.route('**/notes/mcp', (next) =>
      next.request().method() === 'GET'
        ? next.fulfill({ contentType: 'text/event-stream', body: events({ id: 2, result: { content: [] } }) })
        : next.fallback(),
    );
    const question = { id: 'q', method: 'elicitation/create', params: {} };
    const progress = {
      method: 'notifications/progress',
      params: { progressToken: 1, progress: 1, total: 3, message: 'half\u200b' },
    };
    const body = `id: e-1\nretry: 700\ndata:\n\n${events(progress, question)}`;
    await route.fulfill({ contentType: 'text/event-stream', body });
  };
  await visit('none', first, async (page) => {
    await call(page, 'none');
    await page.getByText('Calling… 1 of 3: half\\u{200b}').waitFor();
    await page.getByText('The tool answered.').waitFor();
    expect(await answerOf(page).textContent()).toBe('The tool returned nothing.');
    expect(asked.map((text) => (text.startsWith('{') ? JSON.parse(text).error.code : text)).sort()).toEqual([
      -32601,
      'e-1',
    ]);
  });
});

test('A stateless call has no session, and says in headers what it is for', async () => {
  await visit('by region', done, async (page, sent) => {
    await page.getByLabel(/^region/).fill('Köln ');
    const [request] = await Promise.all([page.waitForRequest('**/newer/mcp'), call(page, 'by region')]);
    await page.getByText('The tool answered.').waitFor();
    expect(request.headers()).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'by region',
      'mcp-param-region': `=?base64?${Buffer.from('Köln ').toString('base64')}?=`,
    });
    expect(JSON.parse(sent[0] ?? '').params._meta).toMatchObject({
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    });
    expect(sent).toHaveLength(1);
  });
});

test('A refusal is only called one of the gateway if the gateway sent it', async () => {
  const refusal = (headers: Record<string, string>): Answer => {
    const error = { code: -32003, message: 'Not allowed: you need the group x.', data: { reason: 'not_permitted' } };
    return (route, id) =>
      route.fulfill({ headers, contentType: 'application/json', body: JSON.stringify({ jsonrpc: '2.0', id, error }) });
  };
  await visit('none', refusal({ 'X-Deny-Code': 'not_permitted', 'X-Request-Id': 'abc' }), async (page) => {
    await call(page, 'none');
    await page.getByText('The gateway refused it: not_permitted.').waitFor();
    expect(await answerOf(page).textContent()).toBe('Not allowed: you need the group x.');
    await page.getByText('Request abc.').waitFor();
  });
  await visit('none', refusal({}), async (page) => {
    await call(page, 'none');
    await page.getByText('It failed: error -32003.').waitFor();
  });
});

test('A tool that may destroy asks first, and a Cancel sends nothing', async () => {
  await visit('drop', done, async (page, sent) => {
    await call(page, 'drop');
    const dialog = page.getByRole('dialog', { name: 'Call drop of Notes?' });
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await call(page, 'drop');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(sent).toEqual([]);
    await call(page, 'drop');
    await dialog.getByRole('button', { name: 'Call drop' }).click();
    await page.getByText('The tool answered.').waitFor();
    expect(sent).toHaveLength(1);
  });
});

test('Without JavaScript, the page shows the line for a terminal and the schema, and no form', async () => {
  const extraHTTPHeaders = { 'X-Mcp-Assertion': await signer.sign(admin) };
  const context = await browser.newContext({ javaScriptEnabled: false, extraHTTPHeaders });
  const page = await context.newPage();
  await page.goto(`${registry.url}/servers/notes/tools/add/try`);
  await page.locator('noscript strong').waitFor();
  await page.getByText(`npm run -s call -- notes add '{"title":"…"`).waitFor();
  expect(await page.getByRole('button', { name: 'Call add' }).count()).toBe(0);
  await page.getByText('Schema of the arguments').click();
  await page.getByText('never filled in').waitFor();
  await context.close();
});
