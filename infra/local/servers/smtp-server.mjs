// A real mail server on this machine, for tests and for trying notices out:
//   node infra/local/servers/smtp-server.mjs data/tools/servers/node_modules/smtp-server/dist/cjs/smtp-server.js mail.json
// mail.json: { "port", "controlPort", "tls": "starttls", "implicit" or "none", "key", "cert" (PEM), "user", "password" (sign-in is needed if set), "utf8": false hides SMTPUTF8 }
// GET controlPort/messages: what it took, [{ "from", "to", "raw" }]; POST controlPort/answers: { "from", "to", "data": "450 words" or null, "hold": true keeps the answer to a letter back }.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , library, file] = process.argv;
const { SMTPServer } = (await import(pathToFileURL(library))).default;
const { port, controlPort, tls, key, cert, user, password, utf8 = true } = JSON.parse(readFileSync(file, 'utf8'));
const messages = [];
let answers = {};

const refusal = (answer) => {
  if (!answer) return null;
  const error = new Error(answer.slice(4));
  error.responseCode = Number(answer.slice(0, 3));
  return error;
};

const server = new SMTPServer({
  secure: tls === 'implicit',
  ...(tls === 'none' ? {} : { key, cert }),
  disabledCommands: [...(tls === 'none' ? ['STARTTLS'] : []), ...(user ? [] : ['AUTH'])],
  authOptional: !user,
  allowInsecureAuth: false,
  hideSMTPUTF8: !utf8,
  onAuth: (auth, session, done) => (auth.username === user && auth.password === password ? done(null, { user }) : done(new Error('Invalid username or password'))),
  onMailFrom: (address, session, done) => done(refusal(answers.from)),
  onRcptTo: (address, session, done) => done(refusal(answers.to)),
  onData: (stream, session, done) => {
    const chunks = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', () => {
      const refused = refusal(answers.data);
      if (refused) return done(refused);
      messages.push({
        from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map((r) => r.address), raw: Buffer.concat(chunks).toString('base64'), secure: session.secure, user: session.user ?? null,
      });
      if (!answers.hold) done(null, `taken as ${messages.length}`);
    });
  },
});
server.on('error', (error) => console.log(error.message));
server.listen(port, '127.0.0.1');

createServer((request, response) => {
  if (request.method === 'GET') return response.end(JSON.stringify(messages));
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    answers = JSON.parse(body);
    response.end();
  });
}).listen(controlPort, '127.0.0.1', () => console.log('mail server'));
