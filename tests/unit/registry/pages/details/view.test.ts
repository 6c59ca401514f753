import { readServerView, serverHref } from '../../../../../registry/pages/details/view.ts';

test('Each tab of a server has an address, which leads back to it, and the first one is that of the server', () => {
  expect(serverHref('notes', readServerView('tools', {}))).toBe('/servers/notes');
  const query = { find: ' a b ', show: 'review' };
  expect(serverHref('notes', readServerView('tools', query))).toBe('/servers/notes?find=a+b&show=review');
  expect(serverHref('notes', readServerView('health', { span: 'week' }))).toBe('/servers/notes/health?span=week');
  expect(serverHref('notes', readServerView('connect', { client: 'cursor' }))).toBe(
    '/servers/notes/connect?client=cursor',
  );
});

test('What an address has wrong counts as the default', () => {
  const view = readServerView('nowhere', { find: ['a'], show: 'none', client: '"><b>', span: 'year' });
  expect(view).toEqual({ tab: 'tools', find: '', show: 'all', client: '', span: 'day' });
});
