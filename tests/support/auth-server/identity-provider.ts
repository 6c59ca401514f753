import { hash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { ReadDocument } from '../../../auth-server/oauth/id-jag/issuer-keys.ts';
import { listen } from '../listen.ts';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
/** Made once: that takes longer than a test. */
const [first, second] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')] as [Pair, Pair];

/** The issuer, which tests reach without its name being known anywhere. */
export const idpIssuer = 'https://idp.example';
export const idpClient = { id: 'cursor', secret: 'the secret of cursor' };
export const digestOf = (secret: string) => hash('sha256', secret, 'hex');

/** An entry of a file of trusted issuers, for the usual issuer and client. */
export const trustOf = (change: object = {}) => ({
  issuer: idpIssuer,
  subject_prefix: 'acme',
  clients: [{ id: idpClient.id, secret_sha256: digestOf(idpClient.secret) }],
  ...change,
});

/** What a test changes in an assertion. `undefined` leaves a claim out. */
export interface AssertionChange {
  header?: object;
  claims?: Record<string, unknown>;
  /** Signs with a key that is published only after `rotate`. */
  withNextKey?: boolean;
}

/**
 * The identity provider of a company, with a discovery document and keys on a port of its own.
 * @param publicUrl the gateway that its assertions are for
 */
export async function startIdentityProvider(publicUrl: string) {
  const keySet = async ({ publicKey }: Pair, kid: string) => ({ ...(await exportJWK(publicKey)), kid, use: 'sig' });
  const idp = {
    /** Requested paths, in order. */
    asked: [] as string[],
    /** Answers each request with this status instead. */
    down: undefined as number | undefined,
    /** What it calls itself in its discovery document. */
    issuer: idpIssuer,
    keys: [await keySet(first, 'first')] as object[],
    rotate: async () => void idp.keys.push(await keySet(second, 'second')),
    /** What the gateway reads documents with: the name leads here. */
    read: (async (url) => {
      const answer = await fetch(new URL(url.pathname, `http://127.0.0.1:${port}`));
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      return { text: await answer.text() };
    }) satisfies ReadDocument,
    /** An assertion for bob at currenttime. */
    async assertion({ header, claims, withNextKey = false }: AssertionChange = {}): Promise<string> {
      const at = Math.floor(Date.now() / 1000);
      const usual = {
        ...{ iss: idpIssuer, sub: 'bob', aud: publicUrl, jti: randomUUID(), iat: at, exp: at + 300 },
        ...{ client_id: idpClient.id, resource: `${publicUrl}/currenttime/mcp`, groups: ['mcp-registry-user'] },
      };
      const [{ privateKey }, kid] = withNextKey ? [second, 'second'] : [first, 'first'];
      const jwt = new SignJWT({ ...usual, ...claims } as JWTPayload);
      return await jwt.setProtectedHeader({ alg: 'RS256', typ: 'oauth-id-jag+jwt', kid, ...header }).sign(privateKey);
    },
    close: async () => await close(),
  };
  const { port, close } = await listen((req, res) => {
    idp.asked.push(req.url ?? '');
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer: idp.issuer, jwks_uri: `${idpIssuer}/keys` },
      '/keys': { keys: idp.keys },
    };
    const document = documents[req.url ?? ''];
    const status = idp.down ?? (document ? 200 : 404);
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document ?? {}));
  });
  return idp;
}
