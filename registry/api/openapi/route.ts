import { Router } from 'express';
import { createDocument } from './document.ts';

/** `GET /openapi.json`, mounted at `/api`: the description of the API, for everyone with an identity. */
export function createOpenApi(publicUrl: string): Router {
  const api = Router({ caseSensitive: true, strict: true });
  const document = createDocument(publicUrl);
  api.get('/openapi.json', (_req, res) => void res.json(document));
  return api;
}
