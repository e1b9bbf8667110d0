// A real issuer of tokens on this machine, for tests and for trying sign-in out:
//   node infra/local/servers/oidc-provider.mjs data/tools/servers/node_modules/oidc-provider/lib/index.js issuer.json
// issuer.json: { "port", "audience", "keys": [private JWKs; its own unless given],
//   "clients": [{ "id", "secret", "format": "jwt" or "opaque", "alg": "RS256" or "ES256", "claims": {} }] }
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , library, file] = process.argv;
const { Provider, errors } = await import(pathToFileURL(library));
const { port, audience, keys, clients } = JSON.parse(readFileSync(file, 'utf8'));
const byId = new Map(clients.map((client) => [client.id, client]));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  ...(keys && { jwks: { keys } }),
  clients: clients.map(({ id, secret }) => ({
    client_id: id, client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
  })),
  extraTokenClaims: (ctx, token) => byId.get(token.clientId)?.claims,
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
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
