import type { Calls } from '../broker/exchange.ts';
import { codes, Refusal } from './client/errors.ts';

/** In place of the part that asks members, until it is there. */
export const noCalls: Calls = {
  answer: async () => {
    throw new Refusal(200, codes.internal, 'The hub cannot call servers yet.');
  },
  notify: async () => undefined,
  respond: async () => false,
  resume: async () => false,
  listen: async () => undefined,
  ended: async () => undefined,
};
