import { locationOf, newBrowser, submitSignIn } from '../stand-in/hosted-login.ts';
import { type AuthServer, denialOf, publicUrl } from './auth-fixture.ts';
import { newVisitor } from './visitor.ts';

/** `own` needs the caller's own approval, `theirs` that of an operator, `either` one of both, `plain` none. */
export const approvalsPolicy = `
group_mappings:
  mcp-registry-user: [users]
  mcp-registry-operator: [users]
  mcp-registry-developer: [others]
users:
  - server: currenttime
    methods: [tools/list, tools/call]
    tools:
      - plain
      - { name: own, approve: person }
      - { name: theirs, approve: { groups: [mcp-registry-operator] } }
      - { name: either, approve: person }
  - server: currenttime
    methods: [tools/call]
    tools: [{ name: either, approve: { groups: [mcp-registry-operator] } }]
others:
  - { server: fininfo, methods: [tools/call], tools: [plain] }
`;

/** What the gate answers to a call. */
interface Judged {
  /** `allowed`, or the code of the denial. */
  is: string;
  /** The page on which it is approved. */
  page: string;
  message: string;
  headers: Headers;
}

/** People with browsers and clients in front of an auth-server. */
export function approvalsScene(auth: AuthServer) {
  /** The headers of a person's client: a cookie that came by a login. */
  const signedIn = async (username: string) => {
    const visitor = newVisitor(auth.url);
    await visitor.logIn(username);
    return visitor;
  };
  type Visitor = Awaited<ReturnType<typeof signedIn>>;
  const judge = async (
    visitor: Visitor | Record<string, string>,
    tool: string,
    args: object = {},
    more: object = {},
    headers: Record<string, string> = {},
  ): Promise<Judged> => {
    const credential = 'cookies' in visitor ? { Cookie: (visitor as Visitor).cookies() } : visitor;
    const params = { name: tool, arguments: args, ...more };
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
    const answer = await auth.validate({ ...(credential as Record<string, string>), ...headers }, body);
    if (answer.status === 200) return { is: 'allowed', page: '', message: '', headers: answer.headers };
    const { code, body: denial } = denialOf(answer);
    const { message = '', data = {} } = denial?.error ?? {};
    const url = data.approve ?? data.elicitations?.[0]?.url ?? '';
    return { is: String(code), page: String(url).replace(publicUrl, ''), message, headers: answer.headers };
  };
  const words = (html: string) =>
    html
      .slice(html.indexOf('<main'))
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ');
  const show = async (visitor: Visitor, page: string) => {
    const answer = await visitor.get(page);
    const html = await answer.text();
    return { status: answer.status, html, words: words(html), headers: answer.headers };
  };
  /** Presses Approve. @returns the address at the provider */
  const press = async (visitor: Visitor, page: string, headers?: Record<string, string>) => {
    const answer = await visitor.submit(page, { answer: 'approve' }, headers);
    const html = await answer.text();
    const address = /class="button full" href="(https?:[^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&');
    return { status: answer.status, words: words(html), address };
  };
  /** Signs in once more at the provider. @returns the callback, not yet visited */
  const signIn = async (address: string | undefined, username: string) =>
    locationOf(await submitSignIn(newBrowser(), address ?? '', username));
  /** Approves as this person, from the button to the page afterwards. */
  const approve = async (visitor: Visitor, page: string, username: string) => {
    const { address } = await press(visitor, page);
    const back = await visitor.get(await signIn(address, username));
    return { status: back.status, location: back.headers.get('location') ?? '', words: words(await back.text()) };
  };
  const refuse = async (visitor: Visitor, page: string) => (await visitor.submit(page, { answer: 'refuse' })).status;
  return { signedIn, judge, show, press, signIn, approve, refuse };
}
