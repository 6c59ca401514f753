import { peopleQuery } from '../../../common/doors/people.ts';
import { changed, routes, write } from './operation.ts';

export const account = routes('account', {
  'get /api/me': { summary: "The caller's name, groups and scopes", answer: 'Me' },
  'get /api/accounts': {
    summary: "The caller's own accounts at servers behind the gateway",
    answer: 'Accounts',
    refusals: ['session_required', 'account_unavailable'],
  },
  'post /api/accounts/disconnect': {
    summary: 'Disconnect an account at a server, here at once and at its provider',
    body: 'AccountDisconnect',
    answer: 'DisconnectedCount',
    refusals: ['input_invalid', 'content_type_unsupported', 'session_required', 'account_unavailable'],
  },
  'get /api/requests': {
    summary: "The caller's requests for access, and for those with edit_policy all that wait. Only the page makes one",
    answer: 'Requests',
    refusals: ['store_unavailable'],
  },
  'get /api/requests/{id}': {
    summary: 'A request, for the person who asks and for those with edit_policy',
    answer: 'Request',
    refusals: ['not_found', 'store_unavailable'],
  },
  'post /api/requests/{id}': {
    summary: 'Withdraw a request, or answer it after the policy allows it or not',
    body: 'RequestSettlement',
    answer: 'Request',
    refusals: [...write, ...changed],
  },
  'get /api/openapi.json': { summary: 'This document', answer: 'Document' },
});

const seeing = {
  permission: 'view_people',
  refusals: ['not_permitted', 'session_required', 'account_unavailable', 'input_invalid'],
} as const;
export const people = routes('account', {
  'get /api/people': { summary: 'Who has access, by name', query: peopleQuery, answer: 'People', ...seeing },
  'get /api/people/others': {
    summary: 'Who has no access now, but accounts at servers or records in the audit',
    query: peopleQuery.omit({ client: true }),
    answer: 'OtherPeople',
    ...seeing,
  },
  'get /api/people/{id}': {
    summary: 'What acts as a person: sign-ins, clients and personal tokens',
    answer: 'PersonAccess',
    ...seeing,
    refusals: [...seeing.refusals, 'not_found'],
  },
  'get /api/people/{id}/accounts': {
    summary: 'The accounts of a person at servers behind the gateway',
    answer: 'Accounts',
    ...seeing,
  },
  'get /api/people/clients': {
    summary: 'The clients that act as people, those of the most people first',
    query: peopleQuery.omit({ client: true }),
    answer: 'Clients',
    ...seeing,
  },
  'get /api/people/ended': {
    summary: 'The last 200 that were ended here, and by whom',
    answer: 'EndedAccess',
    ...seeing,
  },
  'post /api/people/end': {
    summary:
      'End one access of a person, all of a kind, everything, their accounts at servers, or all access of a client',
    permission: 'end_access',
    body: 'AccessEnd',
    answer: 'EndedCount',
    refusals: [...seeing.refusals, 'content_type_unsupported'],
  },
});
