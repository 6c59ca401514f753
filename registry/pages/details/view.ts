/** The tabs of a server's page, in their order. The first has no path of its own. */
export const tabs = ['tools', 'connect', 'access', 'health', 'activity', 'history'] as const;
export type Tab = (typeof tabs)[number];

export const labels: Record<Tab, string> = {
  tools: 'Tools',
  connect: 'Connect',
  access: 'Access',
  health: 'Health',
  activity: 'Activity',
  history: 'History',
};

/** Which tools the first tab shows. */
const shows = ['all', 'callable', 'review'] as const;

/** What of a server's page is shown. */
export interface ServerView {
  tab: Tab;
  /** Tools: only those with these words; empty for all. */
  find: string;
  show: (typeof shows)[number];
  /** Connect: the id of a client; empty for the first. */
  client: string;
  /** Health: the time that is shown. */
  span: 'day' | 'week';
}

const longestFind = 200;

/** Reads the query of a server's address. Invalid values count as the default. */
export function readServerView(tab: unknown, query: Readonly<Record<string, unknown>>): ServerView {
  const { find, show, client, span } = query;
  return {
    tab: tabs.find((each) => each === tab) ?? 'tools',
    find: typeof find === 'string' ? find.trim().slice(0, longestFind) : '',
    show: shows.find((each) => each === show) ?? 'all',
    client: typeof client === 'string' && /^[a-z-]{1,40}$/.test(client) ? client : '',
    span: span === 'week' ? 'week' : 'day',
  };
}

/** The address of a tab, without default values. */
export function serverHref(name: string, view: Partial<ServerView>): string {
  const { tab = 'tools' } = view;
  const params = paramsOf(view);
  const path = tab === 'tools' ? `/servers/${name}` : `/servers/${name}/${tab}`;
  return params.size > 0 ? `${path}?${params}` : path;
}

/** The tabs that a page has: a set is never checked, and what was called is not for everyone who may see the server. */
export function tabsOf(
  name: string,
  { tab: current }: ServerView,
  { isOfSet, hasActivity }: { isOfSet: boolean; hasActivity: boolean },
) {
  const isThere = { health: !isOfSet, activity: hasActivity };
  return tabs
    .filter((tab) => !(tab in isThere) || isThere[tab as keyof typeof isThere])
    .map((tab) => ({ tab, label: labels[tab], href: serverHref(name, { tab }), current: tab === current }));
}

/** The same as parameters, for the address of the page's event stream. */
export function paramsOf({ find, show, client, span }: Partial<ServerView>): URLSearchParams {
  const params = new URLSearchParams();
  if (find) params.set('find', find);
  if (show && show !== 'all') params.set('show', show);
  if (client) params.set('client', client);
  if (span === 'week') params.set('span', span);
  return params;
}
