import { crc32, deflateSync } from 'node:zlib';

/** A PNG of one colour that browsers show (W3C PNG, 5). `more` chunks stand before the pixels. */
export function png(
  side: number,
  [red, green, blue] = [31, 91, 204],
  more: [type: string, data: Buffer][] = [],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // Eight bits for each of red, green and blue.
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.from([0, ...Array.from({ length: side }, () => [red, green, blue]).flat()] as number[]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: side }, () => row)));
  const chunks: [string, Buffer][] = [['IHDR', header], ...more, ['IDAT', pixels], ['IEND', Buffer.alloc(0)]];
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ...chunks.map(([type, data]) => chunk(type, data)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}

/** The beginning of a JPEG of this size: JFIF, tables and the frame header. */
export function jpeg(width: number, height: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16BE(height, 0);
  size.writeUInt16BE(width, 2);
  const parts = ['\xff\xd8', '\xff\xe0\x00\x04JF', '\xff\xff\xdb\x00\x03t', '\xff\xc2\x00\x0b\x08'];
  return Buffer.concat([...parts.map((part) => Buffer.from(part, 'latin1')), size, Buffer.from([1, 1, 0x11, 0])]);
}

/** The beginning of a WebP with this first chunk, of which `content` are the bytes. */
export function webp(type: 'VP8 ' | 'VP8L' | 'VP8X', content: readonly number[]): Buffer {
  const start = Buffer.from(`RIFF\x00\x00\x00\x00WEBP${type}\x0a\x00\x00\x00`, 'latin1');
  return Buffer.concat([start, Buffer.from(content), Buffer.alloc(8)]);
}
