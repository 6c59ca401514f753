import { row } from '../support/rows/row.ts';

/** What people do with the pages. */
export const pages = [
  row(
    '"Keep the approved one" in refuse mode',
    'the tool stays refused until a check has seen the approved definition',
    {
      'browser/tool-changes': [
        '"Keep the approved one" leaves the changed tool refused until a check has seen the approved one again',
      ],
    },
  ),
  row('a session that ends while a form is open', 'a page that holds the fields; sign in in another tab, send again', {
    'browser/forms': ['loses nothing: the next page holds the fields, and sends them after a sign-in in another tab'],
  }),
  row('a form with a secret, and no session any more', 'the secret is typed again, never written into the page', {
    'browser/forms': ['asks for what may be a secret again, instead of writing it into the page'],
  }),
  row('"Test connection" without a session', 'it says so, and works again after a sign-in', {
    'browser/forms': ['is told by "Test connection", which works again after a sign-in in another tab'],
  }),
  row('a form of another site, and no session', '401 in JSON; nothing of it is held', {
    'browser/forms': ['is no way past the protection of forms: what %s sends is not held'],
  }),
  row('a changed tool that the gate refuses', 'list, server page, "My rights" and "Explain" say refused', {
    'browser/tool-changes': [
      'A changed tool that the gate refuses is called so by the list, its server, "My rights" and "Explain"',
    ],
  }),
  row('times of the audit', "clock times under dates, in the reader's zone", {
    'browser/audit': ['Decisions have clock times under the heads of their days, in the zone of the reader'],
  }),
  row('times of the audit without JavaScript', 'UTC, and the page says so', {
    'browser/audit': ['Without JavaScript, the times of decisions are UTC, and the page says so'],
  }),
  row("a time in the audit's filter", "the reader's zone; UTC in the address", {
    'browser/audit': ['A time in the filter is one of the reader, and the address has it in UTC'],
  }),
  row('back from a decision', 'the filters stay', {
    'browser/audit': ['The way back from a decision keeps the filters'],
  }),
  row('an auditor without modify_service', 'no button that leads nowhere', {
    'browser/audit': ['Only who may explain decisions is sent to the explanation'],
  }),
  row("part of a server's name as filter", 'finds its decisions', {
    'integration/auth-server/audit/audit': [
      'Each filter returns the matching decisions, and only decisions that the caller may see are counted',
    ],
  }),
  row('leaving a changed form', 'the browser asks', {
    'browser/forms': ['Leaving a form asks only if something would be lost'],
  }),
  row('twenty servers pasted into the page', 'listed first, then registered together', {
    'browser/forms': ['Twenty servers that are pasted together are listed, and registered together'],
  }),
  row('a switch in forced colours', 'on and off differ', {
    'browser/forms': ['In forced colours a switch that is on differs from one that is off'],
  }),
  row('a switch in the list', 'no new page: scroll position and focus stay', {
    'browser/forms': ['A switch in the list changes the server without a new page: scroll position and focus stay'],
  }),
  row('*Watch live* while one reads', 'focus, selected text and rows stay', {
    'browser/audit': ['The live view adds a decision and leaves focus, selected text and scroll position alone'],
  }),
  row('a pressed button', 'busy until the answer is there', {
    'browser/forms': ['A pressed button says that it is busy until the answer is there'],
  }),
  row('words in narrow columns', 'never broken inside', {
    'browser/every-page/servers': ['$what: everyone can use it, in every theme and width, and nothing moves'],
  }),
  row('lines to copy, address of a server', 'whole, with the path', {
    'browser/registry-pages': ['No line of a client configuration is cut off, and the address of a server is whole'],
  }),
  row('hints about the path', 'do not contradict each other', {
    'browser/registry-pages': ['The hints of a form do not contradict each other about the path'],
  }),
  row('a search that only tools answer', 'tools first, each a link to itself, no noise', {
    'browser/registry-pages': [
      'A search that only tools answer begins with them, and each leads to itself on the page of its server',
    ],
  }),
  row('a disabled server', 'nothing to connect to; the switch says "Disabled"', {
    'browser/forms': ['A disabled server offers no addresses to connect to, and its switch says that it is off'],
  }),
  row('a registry that stops without closing its connections', 'open pages say that they are out of date', {
    'browser/registry-pages': ['A registry that stops without closing its connections is noticed by open pages'],
  }),
];
