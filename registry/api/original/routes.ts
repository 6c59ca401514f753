import { type Request, type RequestHandler, Router } from 'express';
import type { Policy } from '../../../policy/policy.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import { personOf } from '../../access/guards.ts';
import { notFound, requireRight } from '../../access/permissions.ts';
import type { Editor } from '../../editing/editor.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { fromOriginal, licenseOf, locationOf, originalServer, proxyPassUrl } from '../../import/original.ts';
import type { RegisteredServer } from '../../servers/server.ts';
import type { Health } from '../../servers/server-health.ts';
import { readPatch, readRegistration } from '../../servers/server-input.ts';
import type { ServerStore } from '../../store/store.ts';
import { pathOf, statusOf, toOriginalDetails, toOriginalTool } from './answers.ts';
import { formInput, formOf, requireOwnForm } from './form-input.ts';

export interface LegacyOptions {
  /** Who may write. */
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
export function createLegacyForms(options: LegacyOptions): Router {
  const { guard, publicUrl, catalogue, policy, editor, check } = options;
  const forms = Router({ caseSensitive: true, strict: true });
  const write = [guard, requireOwnForm(publicUrl), formInput];

  forms.post('/register', ...write, async (req, res) => {
    const person = personOf(req);
    const settings = readRegistration(fromOriginal(readOriginal(formOf(req))));
    const { server } = await editor.register(person, settings);
    const entry = server && catalogue.get(person, server.name);
    const seen = entry && toOriginalDetails(entry);
    res.set('Cache-Control', 'no-store').status(201);
    res.json({ message: 'Service registered successfully', service: seen ?? blind(settings) });
  });
  forms.post('/toggle/*path', ...write, async (req: Pathed, res) => {
    const name = nameIn(req);
    // The original takes `on` for on, as an HTML checkbox sends it, and everything else for off.
    const enabled = formOf(req).get('enabled') === 'on';
    const { server } = await editor.toggle(personOf(req), name, enabled, undefined);
    if (!server) throw notFound();
    const state = statusOf(enabled, enabled ? await check(server) : unasked);
    const message = `Toggle request for ${pathOf(name)} processed.`;
    res.set('Cache-Control', 'no-store');
    res.json({ message, service_path: pathOf(name), new_enabled_state: enabled, ...state });
  });
  forms.get('/edit/*path', guard, (req: Pathed, res) => {
    const name = nameIn(req);
    requireRight(policy(), personOf(req), 'modify_service', name);
    if (!catalogue.get(personOf(req), name)) throw notFound();
    res.redirect(303, `/servers/${name}/edit`);
  });
  forms.post('/edit/*path', ...write, async (req: Pathed, res) => {
    const form = formOf(req);
    await editor.edit(personOf(req), nameIn(req), (now) => readPatch(changesIn(form, now), now));
    res.redirect(303, '/');
  });
  return forms;
}

/** The JSON routes of the original, mounted at `/api`: `GET /server_details/`, `GET /tools/` and `POST /refresh/{path}`. */
export function createLegacyApi(options: LegacyOptions): Router {
  const { guard, publicUrl, catalogue, store, policy, check } = options;
  const api = Router({ caseSensitive: true, strict: true });
  const found = (req: Pathed) => {
    const entry = catalogue.get(personOf(req), nameIn(req));
    if (!entry) throw notFound();
    return entry;
  };

  api.get('/server_details/*path', (req: Pathed, res) => {
    res.set('Cache-Control', 'no-store');
    if (nameIn(req) !== 'all') return void res.json(toOriginalDetails(found(req)));
    const all = catalogue.list(personOf(req)).map((entry) => [pathOf(entry.name), toOriginalDetails(entry)]);
    res.json(Object.fromEntries(all));
  });
  api.get('/tools/*path', (req: Pathed, res) => {
    res.set('Cache-Control', 'no-store');
    if (nameIn(req) === 'all') return void res.json(allTools(catalogue, req));
    const { name, enabled, health } = found(req);
    if (!enabled) throw disabled(name);
    res.json({ service_path: pathOf(name), tools: health.tools.map(toOriginalTool), cached: true });
  });
  api.post('/refresh/*path', guard, requireOwnForm(publicUrl), async (req: Pathed, res) => {
    const name = nameIn(req);
    requireRight(policy(), personOf(req), 'health_check_service', name);
    const server = store.get(name);
    if (!server) throw notFound();
    if (!server.enabled) throw disabled(name);
    const state = statusOf(true, await check(server));
    const message = `Service ${pathOf(name)} refreshed successfully`;
    res.set('Cache-Control', 'no-store').json({ message, service_path: pathOf(name), ...state });
  });
  return api;
}

const unasked: Health = { status: 'unknown', checkedAt: null, error: null, tools: [] };

/** The last of a path's segments is empty when it ends with a slash, which the original allows. */
function nameIn(req: Pathed): string {
  return req.params.path.filter((part) => part !== '').join('/');
}

function disabled(name: string): RegistryError {
  return new RegistryError('server_disabled', `"${name}" is disabled: enable it first.`);
}

/** The form's fields have the original's names but for the server's own. */
function readOriginal(form: ReadonlyMap<string, string>) {
  const { name, ...rest } = Object.fromEntries(form);
  const read = originalServer.safeParse({ ...rest, server_name: name });
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => ({
    path: path.join('.').replace('server_name', 'name'),
    message,
  }));
  throw new RegistryError('input_invalid', `${faults[0]?.path}: ${faults[0]?.message}`, { faults });
}

/** What an edit form changes: fields that are left out or empty stay, tags may be emptied. */
function changesIn(form: ReadonlyMap<string, string>, now: RegisteredServer): object {
  const filled = (field: string) => form.get(field)?.trim() || undefined;
  const [title, description, url, tags] = [
    filled('name'),
    filled('description'),
    filled('proxy_pass_url'),
    form.get('tags'),
  ];
  // Sent back as it was shown: paths that the original has no words for stay as they are.
  const moved = url !== undefined && url.replace(/\/+$/, '') !== proxyPassUrl(now).replace(/\/+$/, '');
  return {
    revision: now.revision,
    ...(title && { title }),
    ...(description && { description }),
    ...(tags !== undefined && { tags: [...new Set(tags.split(',').map((tag) => tag.trim()))].filter(Boolean) }),
    ...(form.has('license') && { license: licenseOf(form.get('license')) }),
    ...(moved && locationOf({ proxy_pass_url: url })),
  };
}

function allTools(catalogue: Catalogue, req: Request<{ path: string[] }>) {
  const servers = catalogue.list(personOf(req)).map(({ name, title, health }) => {
    const about = { server_path: pathOf(name), server_name: title };
    return [pathOf(name), health.tools.map((tool) => ({ ...toOriginalTool(tool), ...about }))] as const;
  });
  return { service_path: 'all', tools: servers.flatMap(([, tools]) => tools), servers: Object.fromEntries(servers) };
}

/** For who may register a server and not see it: what they sent. */
function blind(settings: ReturnType<typeof readRegistration>) {
  return toOriginalDetails({
    ...settings,
    endpoints: [],
    location: settings,
    health: unasked,
    revision: 0,
    updatedAt: new Date(0),
  });
}
