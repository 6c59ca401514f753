interface Lock {
  packages: Record<string, { dev?: true; devDependencies?: unknown }>;
}

/**
 * Leaves out of package-lock.json what only development needs.
 * @param text of a lock file of version 3
 */
export function lockWithoutDev(text: string): string {
  const { packages, ...lock } = JSON.parse(text) as Lock;
  const used = Object.entries(packages).filter(([, { dev }]) => !dev);
  const ofUsers = used.map(([path, { devDependencies: _, ...entry }]) => [path, entry]);
  return `${JSON.stringify({ ...lock, packages: Object.fromEntries(ofUsers) }, null, 2)}\n`;
}
