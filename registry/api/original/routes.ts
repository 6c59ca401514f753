import { type Request, type RequestHandler, Router } from 'express';
import * as z from 'zod';
import type { Policy } from '../../../policy/policy.ts';
import { formOf, readOriginalForm } from '../../access/body.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import { personOf } from '../../access/guards.ts';
import { requireOwnPageOrToken } from '../../access/own-page.ts';
import { notFound, requireRight, serverDisabled, serverFor } from '../../access/permissions.ts';
import type { Editor } from '../../editing/editor.ts';
import { readInput } from '../../errors/read-input.ts';
import {
  fromOriginal,
  licenseOf,
  locationOf,
  originalServer,
  proxyPassUrl,
  tagsIn,
  withoutEnd,
} from '../../import/original.ts';
import type { RegisteredServer, ServerSettings } from '../../servers/server.ts';
import { type Health, neverChecked } from '../../servers/server-health.ts';
import { readPatch, readRegistration } from '../../servers/server-input.ts';
import type { ServerStore } from '../../store/servers.ts';
import type { Answer } from '../shared/answer.ts';
import {
  type originalRegistered,
  type originalStatus,
  type originalToggled,
  type originalTools,
  pathOf,
  statusOf,
  toAllTools,
  toOriginalDetails,
  toOriginalTool,
} from './answers.ts';

export interface OriginalOptions {
  /** Requires a person, for writes. */
  guard: RequestHandler;
  publicUrl: string;
  catalogue: Catalogue;
  store: ServerStore;
  policy: () => Policy;
  editor: Editor;
  check: (server: RegisteredServer) => Promise<Health>;
}

type Pathed = Request<{ path: string[] }>;

/**
 * The form routes of the Python original, mounted at the root: `POST /register`, `POST /toggle/{path}`, `GET` and `POST
 * /edit/{path}`. Fields and answers are the original's; rights, checks and the change log are those of `/api/servers`.
 */
export function createOriginalForms(options: OriginalOptions): Router {
  const { guard, publicUrl, catalogue, policy, editor, check } = options;
  const forms = Router({ caseSensitive: true, strict: true });
  const write = [guard, requireOwnPageOrToken(publicUrl), readOriginalForm];

  forms.post('/register', ...write, async (req, res) => {
    const person = personOf(req);
    const settings = readRegistration(fromOriginal(readOriginal(fieldsOf(req))));
    const { server } = await editor.register(person, settings);
    const entry = server && catalogue.get(person, server.name);
    const service = toOriginalDetails(entry ?? unseen(settings));
    res.status(201);
    res.json({ message: 'Service registered successfully', service } satisfies Answer<typeof originalRegistered>);
  });
  forms.post('/toggle/*path', ...write, async (req: Pathed, res) => {
    const name = nameIn(req);
    // Like the original: `on`, which an HTML checkbox sends, enables the server; every other value disables it.
    const enabled = fieldsOf(req).enabled === 'on';
    const { server } = await editor.toggle(personOf(req), name, enabled, undefined);
    if (!server) throw notFound();
    const state = statusOf(enabled, enabled ? await check(server) : neverChecked);
    const message = `Toggle request for ${pathOf(name)} processed.`;
    const answer = { message, service_path: pathOf(name), new_enabled_state: enabled, ...state };
    res.json(answer satisfies Answer<typeof originalToggled>);
  });
  forms.get('/edit/*path', guard, (req: Pathed, res) => {
    const name = nameIn(req);
    requireRight(policy(), personOf(req), 'modify_service', name);
    if (!catalogue.get(personOf(req), name)) throw notFound();
    res.redirect(303, `/servers/${name}/edit`);
  });
  forms.post('/edit/*path', ...write, async (req: Pathed, res) => {
    const fields = fieldsOf(req);
    await editor.edit(personOf(req), nameIn(req), (now) => readPatch(changesIn(fields, now), now));
    res.redirect(303, '/');
  });
  return forms;
}

/** The JSON routes of the original, mounted at `/api`: `GET /server_details/`, `GET /tools/` and `POST /refresh/{path}`. */
export function createOriginalApi(options: OriginalOptions): Router {
  const { guard, publicUrl, catalogue, check } = options;
  const api = Router({ caseSensitive: true, strict: true });
  const found = (req: Pathed) => {
    const entry = catalogue.get(personOf(req), nameIn(req));
    if (!entry) throw notFound();
    return entry;
  };

  api.get('/server_details/*path', (req: Pathed, res) => {
    if (nameIn(req) !== 'all') return void res.json(toOriginalDetails(found(req)));
    const all = catalogue.list(personOf(req)).map((entry) => [pathOf(entry.name), toOriginalDetails(entry)]);
    res.json(Object.fromEntries(all));
  });
  api.get('/tools/*path', (req: Pathed, res) => {
    if (nameIn(req) === 'all') return void res.json(toAllTools(catalogue.list(personOf(req))));
    const { name, enabled, health } = found(req);
    if (!enabled) throw serverDisabled(`"${name}"`);
    const tools = health.tools.map(toOriginalTool);
    res.json({ service_path: pathOf(name), tools, cached: true } satisfies Answer<typeof originalTools>);
  });
  api.post('/refresh/*path', guard, requireOwnPageOrToken(publicUrl), async (req: Pathed, res) => {
    const name = nameIn(req);
    const server = serverFor(options, personOf(req), 'health_check_service', name);
    if (!server.enabled) throw serverDisabled(`"${name}"`);
    const state = statusOf(true, await check(server));
    const message = `Service ${pathOf(name)} refreshed successfully`;
    const answer = { message, service_path: pathOf(name), ...state };
    res.json(answer satisfies Answer<typeof originalStatus>);
  });
  return api;
}

/** The original allows a slash at the end of a path, which makes the last segment empty. */
function nameIn(req: Pathed): string {
  return req.params.path.filter((part) => part !== '').join('/');
}

type Fields = Readonly<Record<string, string>>;

/** Of a repeated field, the last counts. */
function fieldsOf(req: Request): Fields {
  return Object.fromEntries(formOf(req));
}

/** The form has the original's field names, except that `name` is `server_name`. */
function readOriginal({ name, ...rest }: Fields) {
  const { server_name: title, ...shape } = originalServer.shape;
  const { name: server_name, ...read } = readInput(z.looseObject({ name: title, ...shape }), { name, ...rest });
  return { ...read, server_name };
}

/** The changes of an edit form. Missing and empty fields change nothing, except that empty tags remove all tags. */
function changesIn(fields: Fields, now: RegisteredServer): object {
  const filled = (field: string) => fields[field]?.trim() || undefined;
  const [title, description, url] = [filled('name'), filled('description'), filled('proxy_pass_url')];
  const { tags, license } = fields;
  // A URL that comes back as it was shown keeps paths that the original cannot express.
  const moved = url !== undefined && withoutEnd(url) !== withoutEnd(proxyPassUrl(now));
  return {
    revision: now.revision,
    ...(title && { title }),
    ...(description && { description }),
    ...(tags !== undefined && { tags: tagsIn(tags) }),
    ...(license !== undefined && { license: licenseOf(license) }),
    ...(moved && locationOf({ proxy_pass_url: url })),
  };
}

/** The new server, for a person who may register it but not see it: what they sent. */
function unseen(settings: ServerSettings) {
  const unknown = { health: neverChecked, revision: 0, updatedAt: new Date(0), unseenMembers: 0, account: null };
  const standing = { owner: null, disabledBy: null, awaits: false };
  return { ...settings, ...standing, ...unknown, endpoints: [], location: settings };
}
