import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { CommandError } from '../../operations/command.ts';
import { attempt, type Shell } from '../shell.ts';

/** The images of a release: name, and where and how each is built. */
export const images = [
  { name: 'mcp-gateway-registry', build: ['--target', 'gateway', '.'], hasNode: true },
  { name: 'mcp-gateway-nginx', build: ['nginx'], hasNode: false },
] as const;

/** What the labels of an image say. */
export interface Labels {
  version: string;
  revision: string;
  source: string | undefined;
}

/** Builds an image. @param shell that runs in the source */
export function buildImage(shell: Shell, tag: string, build: readonly string[], labels: Labels): void {
  const { version, revision, source = 'unknown' } = labels;
  const values = [`VERSION=${version}`, `REVISION=${revision}`, `SOURCE=${source}`];
  shell('docker', 'build', '--tag', tag, ...values.flatMap((value) => ['--build-arg', value]), ...build);
}

/** Saves an image as a file that `docker load` reads. @throws {CommandError} if Docker cannot */
export async function saveImage(env: NodeJS.ProcessEnv, tag: string, file: string): Promise<void> {
  const docker = spawn('docker', ['save', tag], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  docker.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(docker, 'close') as Promise<[number | null]>;
  const [[code]] = await Promise.all([ended, pipeline(docker.stdout, createGzip(), createWriteStream(file))]);
  if (code !== 0) throw new CommandError(`docker save ${tag} failed: ${said.trim()}`, 1);
}

/** The images that have these tags now. Call the result to give the tags back to them, or remove those that were not there. */
export function rememberTags(shell: Shell, tags: readonly string[]): () => void {
  const idOf = (tag: string) => attempt(shell, 'docker', 'image', 'inspect', '--format', '{{.Id}}', tag);
  const before = tags.map((tag) => [tag, idOf(tag)] as const);
  return () => {
    for (const [tag, id] of before) {
      const now = idOf(tag);
      if (now === undefined || now === id) continue;
      if (id !== undefined) shell('docker', 'tag', id, tag);
      else shell('docker', 'rmi', tag);
    }
  };
}
