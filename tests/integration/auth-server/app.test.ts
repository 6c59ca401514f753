import request from 'supertest';
import { type AuthServer, gate, startAuthServer, toolCall } from '../../support/auth-server/auth-fixture.ts';

let auth: AuthServer;
beforeAll(async () => {
  auth = await startAuthServer('http://127.0.0.1:1');
});
afterAll(() => auth.close());

const headers = gate as Record<string, string>;

test('The app itself answers /validate, with the identity headers of the contract and without the headers of a page', async () => {
  const cookie = await auth.session();
  const answer = await request(auth.app)
    .post('/validate')
    .set({ ...headers, Cookie: cookie })
    .send(toolCall('get_current_time'));
  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({
    'x-username': 'alice',
    'x-auth-method': 'session_cookie',
    'x-server-name': 'currenttime',
    'x-tool-name': 'get_current_time',
    'content-length': '0',
  });
  expect(Object.keys(answer.headers)).not.toContain('content-security-policy');
});

test('The app denies a request without credentials at /validate, by POST and by GET', async () => {
  for (const method of ['post', 'get'] as const) {
    const answer = await request(auth.app)[method]('/validate').set(headers);
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({ 'x-deny-status': '401', 'x-deny-code': 'credentials_missing' });
  }
});

test.each(['put', 'delete'] as const)('The app answers 404 to %s /validate', async (method) => {
  const answer = await request(auth.app)[method]('/validate').set(headers);
  expect(answer.status).toBe(404);
});
