import { jest } from '@jest/globals';
import { clerk, helper } from '../../support/browser/scene-data.ts';
import { state, useScene } from '../../support/browser/states.ts';
import { user } from '../../support/registry/registry-fixture.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

const states = [
  state('My rights', '/rights'),
  state('My rights on the servers that were found', '/rights?find=time', { who: clerk }),
  state('My rights, which are few', '/rights', { who: clerk }),
  state('My rights, with conditions and limits', '/rights', { who: helper }),
  state(
    'An explained call with arguments',
    '/rights?kind=group&who=mcp-registry-support&server=github&object=create_issue&arguments=%7B%22repo%22%3A%22a%2Fb%22%7D',
  ),
  state(
    'A call of which no arguments are named',
    '/rights?kind=group&who=mcp-registry-support&server=github&object=create_issue',
  ),
  state(
    'A refusal that is explained',
    '/rights?kind=group&who=mcp-registry-user&server=github&method=tools/call&object=x',
  ),
  state(
    'An allowance that is explained',
    '/rights?kind=group&who=mcp-registry-admin&server=github&method=tools/call&object=x',
  ),
  state('My account', '/account'),
  state('My account without a client', '/account', { who: user }),
  state('The question before all clients end', '/account/end?all=clients'),
  state('The people for whom a client acts', '/people?client=x'),
  state('The clients of all people', '/people/clients'),
  state('People who are not signed in', '/people/others'),
  state('What administrators have ended', '/people/ended'),
  state('What acts as a person', '/people/Y29nbml0byBkYXZl'),
  state(
    'The question before all accounts of a person are disconnected',
    '/people/end?person=Y29nbml0byBkYXZl&all=accounts',
  ),
  state('The question before all access of a person ends', '/people/end?person=Y29nbml0byBkYXZl&all=everything'),
  state('Who is near a limit', '/access/limits'),
  state('The audit', '/audit'),
  state('The audit without a decision that fits', '/audit?person=no-such-person'),
  state('A refused decision', '/audit/c-0-23'),
  state('A decision with everything that a record can have', '/audit/c-1-9?caller=known'),
  state('The usage of a day', '/usage'),
  state('The usage of 90 days, with the rights that were not used', '/usage?span=90d'),
  state('A page that is not for this person', '/audit', { who: user }),
];

const { expectUsable } = useScene({ isLong: true });

test.each(states)('$what: everyone can use it, in every theme and width, and nothing moves', expectUsable);
