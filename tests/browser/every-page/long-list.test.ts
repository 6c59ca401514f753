import { jest } from '@jest/globals';
import { state, useScene } from '../../support/browser/states.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

const states = [state('The list of 505 servers', '/'), state('Its last page', '/?page=11')];
const { expectUsable } = useScene({ more: 491 });

test.each(states)('$what: everyone can use it, in every theme and width, and nothing moves', expectUsable);
