import { pictureType } from '../../../../registry/icons/picture.ts';
import { jpeg, png, webp } from '../../../support/registry/pictures.ts';

test.each([
  ['a PNG', png(48), 'image/png'],
  ['a PNG of 1,024 pixels a side', png(1_024), 'image/png'],
  ['a progressive JPEG', jpeg(64, 48), 'image/jpeg'],
  ['a lossy WebP', webp('VP8 ', [0, 0, 0, 0x9d, 1, 0x2a, 48, 0, 48, 0]), 'image/webp'],
  ['a lossless WebP', webp('VP8L', [0x2f, 47, 0xc0, 11, 0]), 'image/webp'],
  ['an extended WebP', webp('VP8X', [0x10, 0, 0, 0, 47, 0, 0, 47, 0, 0]), 'image/webp'],
])('%s is a picture, whatever the server calls it', (_what, bytes, type) => {
  expect(pictureType(bytes)).toBe(type);
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')],
  ['a page', Buffer.from('<!doctype html><script>alert(1)</script>')],
  ['a GIF', Buffer.from('GIF89a\x01\x00\x01\x00\x00\x00\x00;', 'latin1')],
  ['the first bytes of a PNG only', png(48).subarray(0, 20)],
  [
    'a PNG whose first chunk is another',
    Buffer.concat([png(8).subarray(0, 12), Buffer.from('tEXt'), Buffer.alloc(40)]),
  ],
  ['a PNG that moves', png(48, [0, 0, 0], [['acTL', Buffer.alloc(8)]])],
  ['a PNG of 30,000 pixels a side', bigPng()],
  ['a PNG without a pixel', png(0)],
  ['a JPEG of 65,535 pixels a side', jpeg(65_535, 10)],
  ['a JPEG without a frame', Buffer.from('\xff\xd8\xff\xe0\x00\x04JF\xff\xda\x00\x03x'.padEnd(64), 'latin1')],
  ['a JPEG whose segments lead nowhere', Buffer.from('\xff\xd8\xff\xe0\xff\xffJF', 'latin1')],
  [
    'a JPEG with a segment of no length',
    Buffer.concat([Buffer.from('\xff\xd8\xff\xe0\x00\x00', 'latin1'), Buffer.alloc(64)]),
  ],
  ['a WebP that moves', webp('VP8X', [0x02, 0, 0, 0, 47, 0, 0, 47, 0, 0])],
  ['a WebP of 16,384 pixels a side', webp('VP8L', [0x2f, 0xff, 0xff, 0xff, 0x0f])],
  ['a WebP of an unknown kind', webp('VP8?' as 'VP8 ', [0, 0, 0, 0, 0, 0, 48, 0, 48, 0])],
])('%s is no picture', (_what, bytes) => {
  expect(pictureType(bytes)).toBeUndefined();
});

function bigPng(): Buffer {
  const bytes = png(1);
  bytes.writeUInt32BE(30_000, 16);
  return bytes;
}
