import { iconSource } from '../../../../registry/servers/icon-source.ts';

const at = (path: string) => `https://example.com/${path}`;
const data = (type: string, length: number) => `data:${type};base64,${'A'.repeat(length)}`;

test('Of several icons, the one for every theme and of about 96 pixels is chosen', () => {
  const icons = [
    { src: at('dark.png'), theme: 'dark', sizes: ['96x96'] },
    { src: at('light.png'), theme: 'light', sizes: ['96x96'] },
    { src: at('16.png'), sizes: ['16x16'] },
    { src: at('128.png'), sizes: ['16x16', '128x128'] },
    { src: at('512.png'), sizes: ['512x512'] },
  ];
  expect(iconSource(icons)).toBe(at('128.png'));
  expect(iconSource(icons.slice(0, 2))).toBe(at('light.png'));
});

test.each([
  ['without a type', { src: at('a') }],
  ['that is a JPEG', { src: at('a.jpg'), mimeType: 'image/jpg' }],
  ['in the announcement itself', { src: data('image/png', 400), mimeType: 'image/png' }],
  ['of any size', { src: at('a.webp'), sizes: ['any'] }],
])('An icon %s is used', (_what, icon) => {
  expect(iconSource([icon])).toBe(icon.src);
});

test.each([
  ['SVG by its type', { src: at('a'), mimeType: 'image/svg+xml' }],
  ['SVG by its name', { src: at('a.svg') }],
  ['SVG in the announcement itself', { src: 'data:image/svg+xml;base64,PHN2Zz4=' }],
  ['a page in the announcement itself', { src: 'data:text/html,<script>alert(1)</script>', mimeType: 'image/png' }],
  ['larger than 64 kB in the announcement itself', { src: data('image/png', 90_000) }],
  ['at an address of 3,000 characters', { src: at('a'.repeat(3_000)) }],
  ['a file', { src: 'file:///etc/passwd' }],
  ['a script', { src: 'javascript:alert(1)' }],
  ['a path without an origin', { src: '/icon.png' }],
])('An icon is not used that is %s', (_what, icon) => {
  expect(iconSource([icon])).toBeUndefined();
});

test('A server without icons has none', () => {
  expect([iconSource(undefined), iconSource([])]).toEqual([undefined, undefined]);
});
