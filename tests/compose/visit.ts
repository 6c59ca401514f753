import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { fetchAgentToken } from '../../agents/token/token.ts';
import { hidden } from '../support/stand-in/hosted-login.ts';

/** The addresses of a gateway in containers, from outside. */
export interface Place {
  url: string;
  standIn: string;
  /** An additional trusted certificate. */
  ca?: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** Sends one request over a new connection. Does not follow redirects. */
export function ask(url: string, init: { method?: string; headers?: object; body?: string; ca?: string } = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const { method = 'GET', headers = {}, body, ca } = init;
    const request = url.startsWith('https:') ? httpsRequest : httpRequest;
    const options = { method, headers: { ...headers }, agent: false, ...(ca && { ca }) } as const;
    const sent = request(url, options, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      res.once('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }));
    });
    sent.setTimeout(20_000, () => sent.destroy(new Error(`${url} did not answer in time`)));
    sent.once('error', reject);
    sent.end(body);
  });
}

/** The demo agent's access token. */
export const agentToken = ({ standIn }: Place): Promise<string> =>
  fetchAgentToken({
    COGNITO_USER_POOL_ID: 'us-east-1_LocalPool',
    COGNITO_CLIENT_ID: '3agentclient000000000000000',
    COGNITO_CLIENT_SECRET: 'agentsecretagentsecretagentsecretagentsecret0000000',
    COGNITO_LOCAL_ENDPOINT: standIn,
  });

/** Sends an MCP request to an address of the gateway, such as `/mcp`. */
export function post({ url, ca }: Place, path: string, headers: object, method: string, params: object) {
  return ask(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    ...(ca && { ca }),
  });
}

/** Calls the clock's tool. */
export const callClock = (place: Place, headers: object): Promise<Answer> =>
  post(place, '/currenttime/mcp', headers, 'tools/call', clockCall('current_time_by_timezone'));

/** The parameters of a call of the clock's tool, under the name that it has at this address. */
export const clockCall = (name: string) => ({ name, arguments: { tz_name: 'Asia/Tokyo' } });

/** Begins an MCP session. Returns the headers of its requests. */
export async function openSession(place: Place, path: string, headers: object): Promise<object> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const answer = await post(place, path, headers, 'initialize', params);
  if (answer.status !== 200) throw new Error(`no session at ${path}: ${answer.status} ${answer.text}`);
  return { ...headers, 'mcp-session-id': answer.headers['mcp-session-id'] };
}

const cookiesOf = ({ headers }: Answer) => (headers['set-cookie'] as string[] | undefined) ?? [];
const pairs = (lines: string[]) => lines.map((line) => line.split(';')[0]).join('; ');

/** Signs a person in through the stand-in's pages, as a browser does. Returns the value of the Cookie header. */
export async function signIn({ url, ca }: Place, username: string): Promise<string> {
  const trust = ca ? { ca } : {};
  const start = await ask(`${url}/oauth2/login/cognito`, trust);
  const login = await ask(String(start.headers.location));
  const form = String(new URL(String(login.headers.location), String(start.headers.location)));
  const page = await ask(form, { headers: { cookie: pairs(cookiesOf(login)) } });
  const done = await ask(form, {
    method: 'POST',
    headers: { cookie: pairs(cookiesOf(page)), 'content-type': 'application/x-www-form-urlencoded' },
    body: String(new URLSearchParams({ _csrf: hidden(page.text, '_csrf'), username, password: 'Passw0rd!' })),
  });
  const callback = new URL(String(done.headers.location));
  const back = await ask(String(callback), { headers: { cookie: pairs(cookiesOf(start)) }, ...trust });
  const session = cookiesOf(back).find((line) => /^(__Host-)?mcp_gateway_session=./.test(line));
  if (!session) throw new Error(`${username} could not sign in: ${back.status} ${back.text}`);
  return pairs([session]);
}
