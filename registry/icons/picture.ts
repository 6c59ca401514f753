/** What an icon may be, judged by its bytes. */
export type PictureType = 'image/png' | 'image/jpeg' | 'image/webp';

/** A picture of 64 kB can have sides of 30,000 pixels, which would cost a browser gigabytes. */
const longestSide = 1_024;

interface Size {
  width: number;
  height: number;
}

/**
 * Returns the type of a still picture, as its first bytes have it: PNG (W3C PNG, 5.2), JPEG (ITU-T T.81, B.1) or WebP (RFC
 * 9649). What the server calls it does not count.
 * @returns undefined for anything else, also for one that moves or has a side of more than 1,024 pixels
 */
export function pictureType(bytes: Buffer): PictureType | undefined {
  const found = read(bytes);
  if (!found?.size) return undefined;
  const { width, height } = found.size;
  return width > 0 && height > 0 && Math.max(width, height) <= longestSide ? found.type : undefined;
}

function read(bytes: Buffer): { type: PictureType; size: Size | undefined } | undefined {
  const text = (from: number, to: number) => bytes.toString('latin1', from, to);
  if (text(0, 8) === '\x89PNG\r\n\x1a\n') return { type: 'image/png', size: pngSize(bytes) };
  if (text(0, 3) === '\xff\xd8\xff') return { type: 'image/jpeg', size: jpegSize(bytes) };
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return { type: 'image/webp', size: webpSize(bytes) };
  return undefined;
}

/** The first chunk is IHDR. A picture with a chunk acTL moves. */
function pngSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 33 || bytes.toString('latin1', 12, 16) !== 'IHDR' || bytes.includes('acTL')) return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** The size stands in the frame header, SOF0 to SOF15 without DHT, JPG and DAC. */
function jpegSize(bytes: Buffer): Size | undefined {
  for (let at = 2; at + 9 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    // Fill bytes before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    // The scan begins, or a marker without a length: no frame header came before.
    if (marker === 0xda || marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd9)) return undefined;
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

/** The size stands in the first chunk. Bit 1 of the flags of VP8X says that the picture moves. */
function webpSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 30) return undefined;
  const chunk = bytes.toString('latin1', 12, 16);
  if (chunk === 'VP8 ') return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  if (chunk === 'VP8L' && bytes[20] === 0x2f) {
    const bits = bytes.readUInt32LE(21);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (chunk !== 'VP8X' || ((bytes[20] ?? 0) & 2) !== 0) return undefined;
  return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
}
