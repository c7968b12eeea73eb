// Calls a PaperCut server with npm's xmlrpc, as people do in the wild.
// Standard input: {"url": "...", "calls": [["api.isUserExists", "token", "ann"], ...]}; a parameter {"double": 30} is
// sent by hand as a double. Standard output: one {"value"} or {"fault", "code"} or {"error"} for each call.
'use strict';

const xmlrpc = require('xmlrpc');

class Double extends xmlrpc.CustomType {
  constructor(raw) {
    super(raw);
    this.tagName = 'double';
  }
}

function parameter(value) {
  return value !== null && typeof value === 'object' && 'double' in value ? new Double(value.double) : value;
}

let text = '';
process.stdin.on('data', (chunk) => { text += chunk; });
process.stdin.on('end', async () => {
  const job = JSON.parse(text);
  const client = xmlrpc.createClient({ url: job.url });
  const answers = [];
  for (const [method, ...parameters] of job.calls) {
    answers.push(await new Promise((resolve) => {
      client.methodCall(method, parameters.map(parameter), (error, value) => {
        if (!error) resolve({ value });
        else if (error.faultString !== undefined) resolve({ fault: error.faultString, code: error.faultCode });
        else resolve({ error: String(error) });
      });
    }));
  }
  process.stdout.write(JSON.stringify(answers));
});
