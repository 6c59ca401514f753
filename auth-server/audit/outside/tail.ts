import { type FileHandle, open, stat } from 'node:fs/promises';

/** Follows a file that another program writes. */
export type Tail = ReturnType<typeof createTail>;

interface Followed {
  handle: FileHandle;
  dev: number;
  ino: number;
  offset: number;
  /** The beginning of a line whose end is not there yet. */
  rest: string;
}

const chunkBytes = 64 * 1024;
/** A line has about 80 letters. */
const longestLine = 1_000;

/**
 * Follows a file from its present end, also when it is moved away and written again, or cut. A moved file is followed until the
 * next one is moved: processes of nginx that serve their last streams may still write to it. The file may be missing.
 * @param mostBytes how much one call of `read` takes; what is left comes with the next call
 */
export function createTail(path: string, mostBytes = 4 * 1024 * 1024) {
  /** The oldest first. Usually one, or two after it was moved. */
  let files: Followed[] = [];
  let isFirst = true;
  const chunk = Buffer.allocUnsafe(chunkBytes);

  const lookForNewFile = async () => {
    const found = await stat(path).catch(missing);
    const last = files.at(-1);
    if (found && (found.ino !== last?.ino || found.dev !== last.dev)) {
      const handle = await open(path, 'r').catch(missing);
      if (handle) {
        const { dev, ino, size } = await handle.stat();
        files.push({ handle, dev, ino, offset: isFirst ? size : 0, rest: '' });
      }
    }
    isFirst = false;
  };
  /** @returns how many bytes it read */
  const readSome = async (file: Followed, most: number, lines: string[]): Promise<number> => {
    const { size } = await file.handle.stat();
    if (size < file.offset) {
      file.offset = 0;
      file.rest = '';
    }
    const from = file.offset;
    while (file.offset < size && file.offset - from < most) {
      const { bytesRead } = await file.handle.read(chunk, 0, chunkBytes, file.offset);
      if (bytesRead === 0) break;
      file.offset += bytesRead;
      const parts = (file.rest + chunk.toString('latin1', 0, bytesRead)).split('\n');
      const rest = parts.pop() ?? '';
      file.rest = rest.length > longestLine ? '' : rest;
      for (const part of parts) lines.push(part);
    }
    return file.offset - from;
  };

  return {
    /**
     * Returns the lines that were added since the last call.
     * @throws what the file system threw, other than that there is no such file
     */
    async read(): Promise<string[]> {
      const lines: string[] = [];
      await lookForNewFile();
      let left = mostBytes;
      for (const file of files) left -= await readSome(file, left, lines);
      if (left > 0) while (files.length > 2) await files.shift()?.handle.close();
      return lines;
    },
    async close(): Promise<void> {
      const open = files;
      files = [];
      for (const { handle } of open) await handle.close();
    },
  };
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
