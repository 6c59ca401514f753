import { listen, until } from '../../support/listen.ts';
import { bothErasMember } from '../../support/servers/both-eras-member.ts';
import { connect } from '../../support/servers/mcp-clients.ts';

/** A tool that the person may call through the hub, and a word of its answer. */
interface Offered {
  server: string;
  tool: string;
  args: Record<string, string | number>;
  says: string;
}

/** One tool of each server. fininfo has no key here, and says so. */
const offered: readonly Offered[] = [
  { server: 'both', tool: 'echo', args: { message: 'hi' }, says: 'Echo: hi' },
  { server: 'currenttime', tool: 'current_time_by_timezone', args: { tz_name: 'Asia/Tokyo' }, says: 'Asia/Tokyo' },
  {
    server: 'fininfo',
    tool: 'print_stock_data',
    args: { stock_ticker: 'AAPL', from_date: '2026-01-02', to_date: '2026-01-09' },
    says: 'POLYGON_API_KEY',
  },
  { server: 'realserverfaketools', tool: 'quantum_flux_analyzer', args: { energy_level: 3 }, says: 'synthetic' },
];

/** An address that offers several servers, with the names that its tools have there. */
export interface OneEntry {
  path: string;
  tools: readonly (Offered & { name: string })[];
}

const plain = 'realserverfaketools';
const set = { name: 'daily', title: 'Daily', description: 'What the person uses every day' };
const members = [{ server: 'currenttime' }, { server: plain, prefix: 'never' }];

export const all: OneEntry = {
  path: '/mcp',
  tools: offered.map((each) => ({ ...each, name: `${each.server}__${each.tool}` })),
};
export const daily: OneEntry = {
  path: `/${set.name}/mcp`,
  tools: all.tools
    .filter(({ server }) => members.some((member) => member.server === server))
    .map((each) => (each.server === plain ? { ...each, name: each.tool } : each)),
};

const opens = { methods: ['tools/list'] };

/** What the person may do: list and call each tool, and open both addresses. Another one may make sets. */
export const rules = [
  ...offered.map(({ server, tool }) => ({ server, methods: ['tools/list', 'tools/call'], tools: [tool] })),
  { server: 'hub', ...opens },
  { server: set.name, ...opens },
];
export const adminRules = { list_service: ['all'], register_service: ['all'] };

/** Starts the server that is not bundled. @returns it as in a servers file, and how to end it */
export async function startMember(): Promise<{ entry: object; close: () => Promise<void> }> {
  const { port, close } = await listen(bothErasMember('both', 'stateless'));
  const upstream = `http://127.0.0.1:${port}`;
  const [title, description] = ['Both eras', 'A server on the SDK'];
  return { entry: { name: 'both', title, description, upstream, transports: { 'streamable-http': '/mcp' } }, close };
}

const startMilliseconds = 120_000;

/** Makes the set, and returns when both addresses offer all tools: the registry has to check the servers first. */
export async function offerAll(url: string, cookieOf: (who: string) => Promise<string>): Promise<void> {
  const headers = { cookie: await cookieOf('alice'), origin: url, 'content-type': 'application/json' };
  const made = await fetch(`${url}/api/servers`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...set, members }),
  });
  if (!made.ok) throw new Error(`the set was not made: ${made.status} ${await made.text()}`);
  const cookie = await cookieOf('bob');
  for (const { path, tools } of [all, daily]) {
    const look = async () => {
      const client = await connect(`${url}${path.replace(/\/mcp$/, '')}`, (to, init) => {
        const sent = new Headers(init?.headers);
        sent.set('cookie', cookie);
        return fetch(to, { ...init, headers: sent });
      });
      const names = (await client.listTools()).map(({ name }) => name);
      await client.close();
      return names.length === tools.length;
    };
    const isOffered = () => look().catch(() => false);
    if (!(await until(isOffered, startMilliseconds))) throw new Error(`${path} does not offer all tools`);
  }
}
