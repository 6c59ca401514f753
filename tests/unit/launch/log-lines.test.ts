import { createLineSink } from '../../../launch/log-lines.ts';

function shown(entry: object): string {
  const lines: string[] = [];
  createLineSink((line) => lines.push(line), false)('auth-server', JSON.stringify(entry));
  return lines.join('\n');
}

test('A structured line is printed as text, with its fields after the message', () => {
  expect(
    shown({ level: 'info', time: 'now', service: 'auth-server', msg: 'allowed', server: 'notes', status: 200 }),
  ).toBe('auth-server  | allowed server=notes status=200');
});

test('An escape sequence or a line break in a tool name is escaped for the terminal', () => {
  const line = shown({ level: 'info', msg: 'denied', object: 'x\u001b[2J\nauth-server  | allowed\u202e' });
  expect(line).toBe('auth-server  | denied object=x\\u001b[2J\\u000aauth-server  | allowed\\u202e');
});

test('A message of the gateway keeps its line breaks', () => {
  expect(shown({ level: 'fatal', msg: 'The configuration cannot be used:\n  - PORT: is taken' })).toContain(
    ':\n  - PORT',
  );
});
