// A real issuer of tokens on this machine, for tests and for trying sign-in out:
//   node infra/local/servers/oidc-provider.mjs data/tools/servers/node_modules/oidc-provider/lib/index.js issuer.json
// issuer.json: { "port", "audience", "keys": [private JWKs; its own unless given],
//   "clients": [{ "id", "secret", "format": "jwt" or "opaque", "alg": "RS256" or "ES256", "claims": {},
//     "redirects": [where people are sent back to who sign in; without it nobody signs in], "signedOut": [the same for signing out],
//     "device": true for a program without a browser of its own, which has no secret }],
//   "accounts": { login: claims }, any password will do, "claimsInIdToken": false leaves them to the userinfo endpoint }
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , library, file] = process.argv;
const { Provider, errors } = await import(pathToFileURL(library));
const { port, audience, keys, clients, accounts = {}, claimsInIdToken = true } = JSON.parse(readFileSync(file, 'utf8'));
const byId = new Map(clients.map((client) => [client.id, client]));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  ...(keys && { jwks: { keys } }),
  clients: clients.map(({ id, secret, redirects, signedOut, device }) => device
    ? {
      client_id: id, token_endpoint_auth_method: 'none', application_type: 'native', redirect_uris: [], response_types: [],
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    }
    : redirects?.length ? {
      client_id: id, client_secret: secret, grant_types: ['authorization_code'], redirect_uris: redirects, response_types: ['code'],
      post_logout_redirect_uris: signedOut ?? [],
    }
    : { client_id: id, client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }),
  claims: { openid: ['sub', ...new Set(Object.values(accounts).flatMap(Object.keys))], profile: ['name'] },
  conformIdTokenClaims: !claimsInIdToken,
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  extraTokenClaims: (ctx, token) => byId.get(token.clientId)?.claims,
  features: {
    devInteractions: { enabled: clients.some(({ redirects, device }) => redirects?.length || device) },
    deviceFlow: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, client) => (byId.get(client.clientId).redirects?.length ? undefined : audience),
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource, client) => {
        if (!resource.startsWith('urn:')) throw new errors.InvalidTarget();
        const { format = 'jwt', alg = 'RS256' } = byId.get(client.clientId);
        return { scope: '', audience: resource, accessTokenTTL: 600, accessTokenFormat: format, jwt: { sign: { alg } } };
      },
    },
  },
});
provider.listen(port, '127.0.0.1', () => console.log(`issuer ${provider.issuer}`));
