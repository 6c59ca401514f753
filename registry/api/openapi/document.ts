import * as z from 'zod';
import { type ErrorCode, statusOfCode } from '../../errors/registry-error.ts';
import { type Component, components } from './components.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';

/** Error codes of every route. */
const always: readonly ErrorCode[] = ['identity_required', 'identity_unavailable', 'internal_error'];

/** Components that are sent, and so are described without defaults filled in. */
const incoming: ReadonlySet<string | undefined> = new Set(operations.map(({ body }) => body));

const errorsOf: Readonly<Record<Operation['tag'], Component>> = {
  servers: 'Error',
  account: 'Error',
  policy: 'Error',
  'MCP registry': 'PlainError',
  original: 'OriginalError',
};

/**
 * The API as OpenAPI 3.1, made from the schemas that read the input and type the answers.
 * @param publicUrl the gateway's origin
 */
export function createDocument(publicUrl: string) {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const { path, method } = operation;
    paths[path] = { ...paths[path], [method]: toOperation(operation) };
  }
  const schemas = Object.entries(components).map(([name, schema]) => {
    return [name, toSchema(schema, incoming.has(name) ? 'input' : 'output')];
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'MCP Gateway Registry',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Every request goes through the gateway, with an access token or a session. UI-Scopes of the policy say who may see and do what.',
    },
    servers: [{ url: publicUrl }],
    security: [{ bearer: [] }, { session: [] }],
    tags: [
      { name: 'servers', description: 'The servers behind the gateway' },
      { name: 'account' },
      { name: 'policy', description: 'Who may do what, its history, and changes of it' },
      { name: 'MCP registry', description: 'The API of the MCP registry, read only' },
      { name: 'original', description: 'Routes of the Python original, for its clients' },
    ],
    paths,
    components: { securitySchemes: securitySchemes(publicUrl), schemas: Object.fromEntries(schemas) },
  };
}

function securitySchemes(publicUrl: string) {
  const name = `${publicUrl.startsWith('https:') ? '__Host-' : ''}mcp_gateway_session`;
  return {
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token of the user pool.' },
    session: { type: 'apiKey', in: 'cookie', name, description: 'The session of a person who has logged in.' },
  };
}

function toOperation(operation: Operation) {
  const { method, path, tag, summary, permission } = operation;
  const parameters = [...pathParameters(path), ...queryParameters(operation.query)];
  return {
    operationId: `${method}${path.replace(/[^A-Za-z0-9]+(.?)/g, (_, letter: string) => letter.toUpperCase())}`,
    tags: [tag],
    summary,
    ...(permission && { description: `Requires the permission \`${permission}\`.` }),
    ...(parameters.length > 0 && { parameters }),
    ...toBody(operation),
    responses: toResponses(operation),
  };
}

function toBody({ tag, body, isBodyOptional = false }: Operation) {
  if (!body) return {};
  const content = { schema: ref(body) };
  const types =
    tag === 'original' ? ['application/x-www-form-urlencoded', 'multipart/form-data'] : ['application/json'];
  const requestBody = { required: !isBodyOptional, content: Object.fromEntries(types.map((type) => [type, content])) };
  return { requestBody };
}

function toResponses({ status = 200, answer, files, refusals = [], tag }: Operation) {
  const content = answer ? json(answer) : files && Object.fromEntries(files.map((type) => [type, {}]));
  const good = content ? { description: 'Done.', content } : { description: 'Redirects.' };
  const responses: Record<string, object> = { [status]: good };
  for (const [status, codes] of Map.groupBy([...new Set([...always, ...refusals])], statusOfCode)) {
    responses[status] = { description: codes.join(', '), content: json(errorsOf[tag]) };
  }
  return { ...responses, 429: tooMany };
}

/** The answer of the gate, which does not ask the registry then. */
const tooMany = {
  description: 'too_many_requests, too_many_connections: wait.',
  headers: { 'Retry-After': { required: true, description: 'Seconds.', schema: { type: 'integer' } } },
  content: json('Error'),
};

function json(schema: Component) {
  return { 'application/json': { schema: ref(schema) } };
}

function ref(schema: Component) {
  return { $ref: `#/components/schemas/${schema}` };
}

function pathParameters(path: string) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: z.ZodObject | undefined) {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...rest } = toSchema(schema as z.ZodType, 'output');
    const required = (schema as z.ZodType).safeParse(undefined).success ? {} : { required: true };
    return { name, in: 'query', ...required, ...(description !== undefined && { description }), schema: rest };
  });
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
