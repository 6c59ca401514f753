import { Eta } from 'eta';
import type { Response } from 'express';
import { createStaticFiles, filesIn } from '../../common/service/static-files.ts';
import type { LoginFailure } from './login-failure.ts';

/** What the consent page shows. */
export interface ConsentView {
  title: string;
  /** What the client calls itself. */
  client: string;
  /** What it wants: a verb, and the place that it wants to use, in a word or two, with its canonical address. */
  wants: string;
  place: string;
  address: string;
  person: string;
  /** Who asks: the first words are emphasized. */
  who: { strong: string; rest: string };
  /** Where the answer goes. */
  goesTo: string;
  /** What the person should ask themselves. */
  question: string;
  /** Whether the person may use the place at all. If not, `refusal` says why. */
  isPossible: boolean;
  refusal: readonly string[];
  /** What the client will be able to do: a sentence, and the tools that it means. */
  abilities: string;
  tools: readonly string[];
  nothingElse: string;
  lasts: string;
  /** After the answer the tab stays open. */
  staysOpen: boolean;
  anotherAccount: string;
}

/** What the form for a personal token shows: what was filled in, and what is wrong with it. */
export interface PersonalFormView {
  name: string;
  server: string;
  hours: number;
  fault: string | undefined;
  person: string;
  /** Title of the provider. */
  provider: string;
  longestName: number;
  /** The address of all servers together. */
  all: string;
  times: readonly { hours: number; words: string }[];
}

/** A personal token, for the one time that it is shown. */
export interface PersonalTokenView {
  name: string;
  /** What a client can call its entry. */
  server: string;
  place: string;
  resource: string;
  token: string;
  ends: Date;
  provider: string;
}

/** What the page says on which a person connects an account at a server. */
export interface ConnectView {
  title: string;
  server: string;
  /** The whole address that the person agrees to; its first endpoint, and the host that runs it. */
  address: string;
  endpoint: string;
  host: string;
  provider: { title: string; host: string; settingsPage: string | undefined };
  /** What the gateway asks the provider for: in words, and by the provider's own names. */
  abilities: { words: readonly string[]; names: readonly string[] };
  /** Why an account that was connected before does not count. */
  why: string | undefined;
  /** Whether the person has just disconnected another account. */
  isOther: boolean;
  person: string;
  /** Days without use after which it ends. */
  idleDays: number;
}

/** What the page says about the account that is connected. */
export interface ConnectedView {
  title: string;
  server: string;
  address: string;
  /** Title of the provider. */
  provider: string;
  /** The account's name there, if it is known. */
  name: string | undefined;
  settingsPage: string | undefined;
  /** Whether the provider takes revocations. */
  revokes: boolean;
  person: string;
}

/** What the page of a held call shows. Texts of callers and servers are spelled out. */
export interface ApprovalView {
  id: string;
  server: string;
  tool: string;
  state: 'open' | 'approved' | 'used' | 'refused' | 'void';
  /** Whether the person who looks is the caller. */
  isOwn: boolean;
  caller: string;
  client: string | undefined;
  /** Whether the person who looks may approve it, and in the name of which group. */
  mayApprove: boolean;
  group: string | undefined;
  /** Who may, in words. */
  approvers: string;
  /** The arguments as text; undefined when the call is over, or they cannot be read. */
  call: string | undefined;
  /** How long it waits, or the approval is good. */
  left: string;
  answeredBy: { name: string; isViewer: boolean; group: string | undefined; isFresh: boolean } | undefined;
  /** Title of the person's provider. */
  provider: string;
}

/** A row of the list of held calls. */
interface ApprovalRow {
  address: string;
  server: string;
  tool: string;
  caller: string;
  client: string | undefined;
  left: string;
}

/**
 * Without `form-action`: browsers hold the redirect that answers the form to it too, and each one after it, and a provider may
 * lead to any host for its login.
 */
const leadsAway = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The page has buttons that copy. */
const withScript =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

export type Pages = ReturnType<typeof createPages>;

/** The pages for people who are not logged in: the templates in `views/`. The template engine escapes values. */
export function createPages() {
  const eta = new Eta({ views: `${import.meta.dirname}/views`, cache: true });
  const files = createStaticFiles('/oauth2/static', filesIn(`${import.meta.dirname}/public`));
  const send = (res: Response, status: number, view: string, data: object) => {
    const html = eta.render(view, { asset: files.href, ...data });
    res.status(status).set('Cache-Control', 'no-store').type('html').send(html);
  };
  return {
    /** The router of the files that the pages load. */
    files: files.router,
    /**
     * @param purpose why one signs in, as a sentence
     * @param stay after signing out: what stays connected
     */
    login: (
      res: Response,
      data: { ways: readonly { address: string; title: string }[]; purpose: string; stay?: string | undefined },
    ) => send(res, 200, './login', { title: 'Sign in', ...data }),
    logout: (res: Response) => send(res, 200, './logout', { title: 'Sign out' }),
    /** Links to `next`. Not a redirect: the CSP's form-action also covers redirects, and the provider is another origin. */
    signedOut: (res: Response, next: string, provider: string, stay: string | undefined) =>
      send(res, 200, './signed-out', { title: 'Signed out', next, provider, stay }),
    /** The question whether a client may act for a person. */
    consent: (res: Response, data: ConsentView) => send(res, 200, './consent', data),
    /** An answer for a program on this computer: the tab stays open. */
    sent: (res: Response, { address, client, allowed }: { address: string; client: string; allowed: boolean }) =>
      send(res, 200, './sent', { title: allowed ? 'Allowed' : 'Not allowed', address, client, refresh: address }),
    personalForm: (res: Response, status: number, data: PersonalFormView) =>
      send(res, status, './personal-form', { title: 'Make a personal token', ...data }),
    /** Leads to the provider. Not a redirect, as after signing out. */
    personalSignIn: (res: Response, next: string, provider: string) =>
      send(res, 200, './personal-sign-in', { title: 'Sign in once more', next, provider }),
    personalToken(res: Response, data: PersonalTokenView) {
      res.set('Content-Security-Policy', withScript);
      send(res, 200, './personal-token', { title: 'Copy your token now', ...data });
    },
    /** The question whether to connect an account. */
    connect(res: Response, data: ConnectView) {
      res.set('Content-Security-Policy', leadsAway);
      send(res, 200, './connect', data);
    },
    connected: (res: Response, data: ConnectedView) => send(res, 200, './connected', data),
    /** A held call, and the question whether to approve it. */
    approval: (res: Response, data: ApprovalView & { person: string }) =>
      send(res, 200, './approval', { title: 'A call that needs approval', ...data }),
    /** Leads to the provider. Not a redirect, as after signing out. */
    approvalSignIn: (res: Response, next: string, provider: string) =>
      send(res, 200, './approval-sign-in', { title: 'Sign in once more', next, provider }),
    approvals: (
      res: Response,
      data: { waiting: readonly ApprovalRow[]; others: readonly ApprovalRow[]; person: string },
    ) => send(res, 200, './approvals', { title: 'Waiting for you', ...data }),
    /** What the person has to know, without a way on. */
    notice: (res: Response, status: number, title: string, lines: readonly string[]) =>
      send(res, status, './notice', { title, lines }),
    failure(res: Response, { status, title, lines, next = '/', again, retryAfter }: LoginFailure) {
      if (retryAfter !== undefined) res.set('Retry-After', String(retryAfter));
      send(res, status, './failure', { title, lines, next, again });
    },
  };
}
