import { completable, fromJsonSchema, type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import * as z from 'zod';

/** An image of one pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
/** A sound without samples. */
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=';

/** The suite wants a description of each tool and prompt. */
export const described = { description: 'For the conformance suite' };

export const said = (text: string) => ({ type: 'text' as const, text });
const image = { type: 'image' as const, data: png, mimeType: 'image/png' };
const embedded = (uri: string, text: string, mimeType = 'text/plain') => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text },
});
const byUser = (...parts: (ReturnType<typeof said> | typeof image | ReturnType<typeof embedded>)[]) => ({
  messages: parts.map((content) => ({ role: 'user' as const, content })),
});

/** A schema with the keywords that the suite looks for after the tool was listed (SEP-1613, SEP-2106). */
const schemaOf2020 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: { address: { $anchor: 'place', type: 'object', properties: { city: { type: 'string' } } } },
  properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
  allOf: [{ anyOf: [{ required: ['name'] }, { required: ['address'] }] }],
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  ...{ if: { required: ['name'] }, then: { required: ['name'] }, else: { required: ['address'] } },
  additionalProperties: false,
};

/** Tools, prompts and resources that answer at once. The suite expects these names and contents. */
export function addObjects(server: McpServer): void {
  const answers = {
    test_simple_text: [said('This is a simple text response for testing.')],
    test_image_content: [image],
    test_audio_content: [{ type: 'audio' as const, data: wav, mimeType: 'audio/wav' }],
    test_embedded_resource: [embedded('test://embedded-resource', 'This is an embedded resource content.')],
    test_multiple_content_types: [
      said('Multiple content types test:'),
      image,
      embedded('test://mixed-content-resource', '{"test":"data","value":123}', 'application/json'),
    ],
    /** A caller for whom the relay cuts the list may not use it. */
    hidden: [said('hidden')],
  };
  for (const [name, content] of Object.entries(answers)) server.registerTool(name, described, () => ({ content }));
  server.registerTool('test_error_handling', described, () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  const inputSchema = fromJsonSchema<{ name?: string }>(schemaOf2020);
  server.registerTool('json_schema_2020_12_tool', { ...described, inputSchema }, () => ({ content: [said('valid')] }));
  const region = z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) });
  server.registerTool('test_header', { ...described, inputSchema: region }, (args) => ({
    content: [said(args.region)],
  }));
  addPrompts(server);
  addResources(server);
}

function addPrompts(server: McpServer): void {
  server.registerPrompt('test_simple_prompt', described, () => byUser(said('This is a simple prompt for testing.')));
  const arg1 = completable(z.string(), (value) => ['paris', 'park', 'test'].filter((one) => one.startsWith(value)));
  const argsSchema = z.object({ arg1, arg2: z.string() });
  server.registerPrompt('test_prompt_with_arguments', { ...described, argsSchema }, (args) =>
    byUser(said(`Prompt with arguments: arg1='${args.arg1}', arg2='${args.arg2}'`)),
  );
  const uriSchema = z.object({ resourceUri: z.string() });
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { ...described, argsSchema: uriSchema },
    ({ resourceUri }) =>
      byUser(embedded(resourceUri, 'Embedded resource content for testing.'), said('Please process it.')),
  );
  server.registerPrompt('test_prompt_with_image', described, () =>
    byUser(image, said('Please analyze the image above.')),
  );
}

function addResources(server: McpServer): void {
  const text = 'This is the content of the static text resource.';
  server.registerResource('text', 'test://static-text', { mimeType: 'text/plain' }, ({ href: uri }) => ({
    contents: [{ uri, mimeType: 'text/plain', text }],
  }));
  server.registerResource('binary', 'test://static-binary', { mimeType: 'image/png' }, ({ href: uri }) => ({
    contents: [{ uri, mimeType: 'image/png', blob: png }],
  }));
  server.registerResource('watched', 'test://watched-resource', {}, ({ href: uri }) => ({
    contents: [{ uri, mimeType: 'text/plain', text: 'Watched resource content' }],
  }));
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  server.registerResource('template', template, {}, ({ href: uri }, { id }) => ({
    contents: [{ uri, mimeType: 'application/json', text: JSON.stringify({ id, data: `Data for ID: ${id}` }) }],
  }));
}
