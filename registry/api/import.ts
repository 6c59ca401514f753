import { type RequestHandler, Router } from 'express';
import * as z from 'zod';
import { readJson } from '../access/body.ts';
import { personOf } from '../access/guards.ts';
import type { Editor } from '../editing/editor.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { importServers } from '../import/import.ts';

/** The query of `POST /import`. */
export const importQuery = z.object({
  dry_run: z.enum(['true', 'false'], 'must be true or false').default('false').describe('Say only what would happen.'),
});

const maxBytes = 1_048_576;

/** `POST /import?dry_run=`, mounted at `/api`: registers servers from `server.json` and from files of the Python original. */
export function createImportApi({ guard, editor }: { guard: RequestHandler; editor: Editor }): Router {
  const api = Router({ caseSensitive: true, strict: true });
  api.post('/import', guard, readJson(maxBytes), async (req, res) => {
    const query = importQuery.safeParse(req.query);
    if (!query.success) {
      const message = 'dry_run is true or false.';
      throw new RegistryError('input_invalid', message, { faults: [{ path: 'dry_run', message }] });
    }
    res.set('Cache-Control', 'no-store');
    res.json(await importServers(editor, personOf(req), req.body, query.data.dry_run === 'true'));
  });
  return api;
}
