import { row } from '../support/rows/row.ts';

/** What people and servers could do with requests for access and with the hints of tools. */
export const requests = [
  row('request-discovers', 'asking for access tells nothing of servers that the person may not know', {
    'integration/registry/pages/requests': [
      'Who asks for access to %s gets the answer that the rules give',
      'A server that is hidden and one that is not there are told apart by no word',
      'Who may ask for a server that they do not see reads its name only',
    ],
    attack: ['a request for access by a person who may not know the server'],
  }),
  row('request-forged', 'no program and no other site asks for access in the name of a person', {
    'integration/registry/pages/requests': [
      'A form from %s asks for nothing, and answers nothing',
      'The API lists requests, answers them and withdraws them, and has no way to ask',
    ],
    attack: ['a request for access by a form of another site', 'a request for access by an agent'],
  }),
  row('request-answered', 'only those who may change the policy see the requests of others and answer them', {
    'integration/registry/pages/requests': [
      'Only the requester and editors see a request, and only editors answer it',
      'Once the policy allows it, an editor may answer that it is given, and not before',
    ],
    attack: ["an answer to another person's request, or to one that never was"],
  }),
  row('request-flood', 'what people ask is bounded, ends, and is shown as text', {
    'integration/registry/store/requests': [
      'a person has at most 20 open requests, and can ask again once one is over',
      'a request ends by itself after 30 days, and then another can be made',
      'of two registries that are asked at once, both add to one request',
    ],
    'integration/registry/pages/requests': [
      'A reason is plain text, and hidden characters in it are spelled out',
      'With %s, the form comes back with what was typed and with what is wrong',
    ],
  }),
  row('hint-grants-itself', 'no server opens a tool by saying that it only reads', {
    'integration/registry/pins/hints': [
      'what a server shows first is approved, but no hint of it counts before a person approves it',
      'a tool that changes is out of the hint rules at once, and back in once a person has approved it',
      'an approval by an agent lets the tool be called, and its hint count for nothing',
      'of approvals of the last release, those of first sight count as not by a person',
    ],
    'e2e/requests-and-hints': [
      'A refused person asks at the address in the refusal; a hint counts once an editor approves it, and no longer when the tool changes',
    ],
  }),
  row('hint-approved', 'an approval by which others gain takes the right to change the policy', {
    'unit/registry/pins/hint-gains': [
      'Once the hint counts of %s, those gain whom a hint rule gives more, and no others',
      'A person without edit_policy for all makes no hint count by which someone gains',
      "What an agent approves is not a person's approval",
    ],
    attack: ['an approval that lets the hints of tools count, by a person who may not change the server'],
  }),
];
