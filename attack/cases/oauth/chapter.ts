import type { Case } from '../../case.ts';
import { consent } from './consent.ts';
import { misplacedTokens } from './misplaced.ts';
import { registration } from './registration.ts';
import { requests } from './requests.ts';
import { tokenEndpoint } from './tokens.ts';

/** Attacks on the authorization server, and by means of it. */
export const loginsOfClients: Case[] = [
  ...registration,
  ...requests,
  ...consent,
  ...tokenEndpoint,
  ...misplacedTokens,
].map((each) => ({ ...each, needs: ['registration', ...each.needs] }));
