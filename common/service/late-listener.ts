import type { RequestListener } from 'node:http';

/**
 * A listener that is loaded for the first request, which waits, so that a service starts sooner. If it cannot be loaded, each
 * request gets 503.
 * @param failed is told why, for each request
 */
export function lateListener(
  load: () => Promise<RequestListener>,
  failed: (error: unknown) => void = () => undefined,
): RequestListener {
  let loading: Promise<RequestListener> | undefined;
  return (req, res) => {
    loading ??= load();
    void loading.then(
      (listener) => listener(req, res),
      (error) => {
        failed(error);
        res.writeHead(503).end();
      },
    );
  };
}
