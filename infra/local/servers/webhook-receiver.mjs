// Receives signed webhooks and checks them with the library of Standard Webhooks, for tests and for trying notices out:
//   node infra/local/servers/webhook-receiver.mjs data/tools/servers/node_modules/standardwebhooks/dist/index.js receiver.json
// receiver.json: { "port", "controlPort" }; GET controlPort: what came, [{ "id", "signature", "body", "verified": [one for each secret] }];
// POST controlPort: { "secrets": ["whsec_…"], "status": 200, "headers": {} } from now on.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , library, file] = process.argv;
const { Webhook } = (await import(pathToFileURL(library))).default;
const { port, controlPort } = JSON.parse(readFileSync(file, 'utf8'));
const received = [];
let settings = { secrets: [], status: 200, headers: {} };

const read = (request, then) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => then(Buffer.concat(chunks).toString('utf8')));
};

const verifies = (secret, body, headers) => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
};

createServer((request, response) => read(request, (body) => {
  received.push({
    id: request.headers['webhook-id'], signature: request.headers['webhook-signature'], body, path: request.url,
    verified: settings.secrets.map((secret) => verifies(secret, body, request.headers)),
  });
  response.writeHead(settings.status ?? 200, settings.headers ?? {}).end();
})).listen(port, '127.0.0.1');

createServer((request, response) => {
  if (request.method === 'GET') return response.end(JSON.stringify(received));
  read(request, (body) => {
    settings = JSON.parse(body);
    response.end();
  });
}).listen(controlPort, '127.0.0.1', () => console.log('receiver'));
