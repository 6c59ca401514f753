import { Router } from 'express';
import { createDocument } from './openapi/document.ts';

/** `GET /openapi.json`, mounted at `/api`: what the API is, for everybody who is logged in. */
export function createOpenApi(publicUrl: string): Router {
  const api = Router({ caseSensitive: true, strict: true });
  const document = createDocument(publicUrl);
  api.get('/openapi.json', (_req, res) => void res.set('Cache-Control', 'no-store').json(document));
  return api;
}
