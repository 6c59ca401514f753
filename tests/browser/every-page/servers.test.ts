import { jest } from '@jest/globals';
import { longName } from '../../support/browser/scene.ts';
import { clerk, helper } from '../../support/browser/scene-data.ts';
import { state, useScene } from '../../support/browser/states.ts';
import { user } from '../../support/registry/registry-fixture.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

const states = [
  state('The tools of a server', '/servers/github'),
  state('A server at which one has an account', '/servers/notion'),
  state('A server at which one’s account does not count any more', '/servers/atlassian'),
  state('A server that needs one’s account', '/servers/pagerduty'),
  state('The tools of a server for a user', '/servers/github', { who: user }),
  state('The tools of a server under conditions, with limits', '/servers/github', { who: helper }),
  state('The tools that fit a filter', '/servers/github?find=issue'),
  state('A filter that fits no tool', '/servers/github?find=zzzz'),
  state('Changed and new tools', '/servers/currenttime'),
  state('How to connect', '/servers/github/connect'),
  state('How to connect another client', '/servers/github/connect?client=cursor'),
  state('How an agent connects', '/servers/github/connect?client=agent'),
  state('How to connect to a server whose tools one may not call', '/servers/currenttime/connect', { who: clerk }),
  state('Who may use a server', '/servers/github/access'),
  state('The health of a server', '/servers/github/health'),
  state('The health of a week', '/servers/github/health?span=week'),
  state('The activity of a server', '/servers/github/activity?span=7d'),
  state('The history of a server', '/servers/github/history'),
  state('The changes of all servers', '/servers/-/history'),
  state('A disabled server', '/servers/reports'),
  state('How to connect to a disabled server', '/servers/reports/connect'),
  state('A server that is down', '/servers/postgres'),
  state('The health of a server that is down', '/servers/postgres/health'),
  state('A server that needs authentication', '/servers/notion'),
  state('A server with the longest names', `/servers/${longName}`),
  state('A set', '/servers/daily'),
  state('A set for a person who may see some of its servers', '/servers/daily', { who: user }),
  state('How to connect to a set', '/servers/daily/connect'),
  state('Who may open a set', '/servers/daily/access'),
];

const { expectUsable } = useScene({ isLong: true });

test.each(states)('$what: everyone can use it, in every theme and width, and nothing moves', expectUsable);
