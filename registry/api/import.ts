import { type RequestHandler, Router } from 'express';
import * as z from 'zod';
import { readJson } from '../access/body.ts';
import { personOf } from '../access/guards.ts';
import type { Editor } from '../editing/editor.ts';
import { readInput } from '../errors/read-input.ts';
import { importServers } from '../import/import.ts';

/** The query of `POST /import`. */
export const importQuery = z.object({
  dry_run: z.enum(['true', 'false'], 'dry_run is true or false.').default('false').describe('Change nothing.'),
});

const maxBytes = 1_048_576;

/** `POST /import?dry_run=`, mounted at `/api`: registers servers from `server.json` and from files of the Python original. */
export function createImportApi(guard: RequestHandler, editor: Editor): Router {
  const api = Router({ caseSensitive: true, strict: true });
  api.post('/import', guard, readJson(maxBytes), async (req, res) => {
    const { dry_run: dryRun } = readInput(importQuery, req.query, () => 'dry_run is true or false.');
    const answer = await importServers(editor, personOf(req), req.body, dryRun === 'true');
    res.json(answer);
  });
  return api;
}
