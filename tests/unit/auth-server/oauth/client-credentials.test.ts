import type { Request } from 'express';
import { clientCredentials } from '../../../../auth-server/oauth/client-credentials.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const read = (authorization: string | undefined, body?: object) =>
  clientCredentials({ get: () => authorization, body } as unknown as Request);

test.each([
  [undefined, { client_id: 'a' }, 'a', undefined],
  [undefined, { client_id: 'a', client_secret: 's' }, 'a', 's'],
  [undefined, {}, '', undefined],
  [undefined, undefined, '', undefined],
  [basic('a:s'), {}, 'a', 's'],
  [basic('a:s:t'), { client_id: 'a' }, 'a', 's:t'],
  [basic('a%2Bb:s%26'), {}, 'a+b', 's&'],
  [basic('a:'), {}, 'a', ''],
  [basic('a:s').replace('Basic', 'basic'), {}, 'a', 's'],
])('A client with the header %j and the form %j is named %j with the secret %j', (header, form, id, secret) => {
  expect(read(header, form)).toEqual({ id, secret, authorization: header });
});

test.each([
  [basic('a:s'), { client_id: 'b' }, 'invalid_request'],
  [basic('a:s'), { client_id: 'a', client_secret: 's' }, 'invalid_request'],
  [undefined, { client_id: ['a', 'b'] }, 'invalid_request'],
  [undefined, { client_id: 'a', client_secret: ['s'] }, 'invalid_request'],
  [basic('a'), {}, 'invalid_client'],
  [basic('a:%'), {}, 'invalid_client'],
  ['Bearer x', {}, 'invalid_client'],
  ['Basic', {}, 'invalid_client'],
  ['', {}, 'invalid_client'],
])('A client with the header %j and the form %j is refused with %s', (header, form, error) => {
  expect(() => read(header, form)).toThrow(expect.objectContaining({ error }));
});
