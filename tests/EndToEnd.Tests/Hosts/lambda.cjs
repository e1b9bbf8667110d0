// Runs a deployed folder under @vercel/fun's Runtime API. Reads a line of JSON for each invocation, {"id", "payload"}, and
// writes one for each answer, {"id", "payload", "error"}; everything else that is written is the function's log.
const http = require('node:http');
const readline = require('node:readline');

// fun tells how long a function may run where Lambda tells until when (Lambda-Runtime-Deadline-Ms, milliseconds since 1970).
const limit = Number(process.env.FUNCTION_TIMEOUT_MS);
const setHeader = http.ServerResponse.prototype.setHeader;
http.ServerResponse.prototype.setHeader = function (name, value) {
  return setHeader.call(this, name, name === 'Lambda-Runtime-Deadline-Ms' ? String(Date.now() + limit) : value);
};

const { createFunction } = require(process.env.FUN_MODULE);

async function main() {
  const lambda = await createFunction({
    Code: { Directory: process.env.FUNCTION_FOLDER },
    Handler: 'bootstrap',
    Runtime: 'provided',
    Environment: { Variables: JSON.parse(process.env.FUNCTION_ENVIRONMENT) },
    AccessKeyId: 'test',
    SecretAccessKey: 'test',
  });
  const say = (answer) => process.stdout.write(`@${JSON.stringify(answer)}\n`);
  say({ id: 'ready' });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { id, payload } = JSON.parse(line);
    lambda
      .invoke({ InvocationType: 'RequestResponse', Payload: payload })
      .then((r) => say({ id, payload: r.Payload.toString(), error: r.FunctionError ?? null }))
      .catch((e) => say({ id, payload: String(e), error: 'Platform' }));
  }
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
