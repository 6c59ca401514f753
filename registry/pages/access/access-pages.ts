import { Router } from 'express';
import { createGivePage } from './give/give-page.ts';
import { createTakePage } from './give/take-page.ts';
import { showOverview } from './matrix/overview.ts';
import type { AccessOptions } from './shared/options.ts';
import { createBackPage } from './versions/back.ts';
import { createChangesPages } from './versions/changes.ts';
import { createDriftPages } from './versions/drift.ts';
import { createProposalPages } from './versions/proposals.ts';

/**
 * `GET /access`: who may call what, by groups and servers; `/access/give` and `/access/take`: the forms that change it;
 * `/access/changes`: the versions of the policy, what waits for a second editor, and a policy file that has changed.
 */
export function createAccessPages(options: AccessOptions): Router {
  const pages = Router({ caseSensitive: true, strict: true });
  pages.get('/access', showOverview(options));
  pages.use(createGivePage(options), createTakePage(options));
  pages.use(
    createProposalPages(options),
    createDriftPages(options),
    createBackPage(options),
    createChangesPages(options),
  );
  return pages;
}
