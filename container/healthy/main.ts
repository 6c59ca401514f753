/** The health check of an image: exit code 0 when what answers at the address given is alive, 1 when not. */
const address = process.argv[2] ?? '';
try {
  const { status } = await fetch(address, { signal: AbortSignal.timeout(4_000) });
  // The auth-server's 503 is about others; it is well itself, or it could not say so.
  process.exit(status === 200 || status === 503 ? 0 : 1);
} catch {
  process.exit(1);
}
