// The way to a daemon that `carillon call` and `carillon status` take (server/cli/daemon_link.h), without a process for
// each question: an instrumented program needs longer to end than a daemon to answer.
import { createConnection } from "node:net";

const kPatienceMs = 90_000;
const kPrefix = "io.modelcontextprotocol/";
const kMeta = { [`${kPrefix}protocolVersion`]: "2026-07-28", [`${kPrefix}clientCapabilities`]: {}, [`${kPrefix}clientInfo`]: { name: "carillon call", version: "1" } };

// Sends `lines` one by one, each after an answer to the one before; the answers. Rejects where nobody listens
// (ENOENT, ECONNREFUSED) and where the daemon goes before it has answered (EPIPE).
function converse(file, lines) {
  return new Promise((resolve, reject) => {
    const answers = [];
    let text = "";
    const socket = createConnection(file, () => socket.write(`${lines[0]}\n`));
    const fail = (error) => { socket.destroy(); reject(error); };
    socket.setEncoding("utf8");
    socket.setTimeout(kPatienceMs, () => fail(Object.assign(new Error("the daemon did not answer"), { code: "ETIMEDOUT" })));
    socket.on("error", fail);
    socket.on("close", () => fail(Object.assign(new Error("the daemon closed the connection before it answered"), { code: "EPIPE" })));
    socket.on("data", (data) => {
      const parts = (text + data).split("\n");
      text = parts.pop();
      for (const part of parts) {
        const answer = JSON.parse(part);
        if (answers.length > 0 && answer.id !== answers.length) continue;  // told meanwhile
        answers.push(answer);
        if (answers.length < lines.length) { socket.write(`${lines[answers.length]}\n`); continue; }
        socket.destroy();
        return resolve(answers);
      }
    });
  });
}

const preamble = (want, more = {}) => JSON.stringify({ carillon: 1, version: "test", want, ...more });

// What `carillon status --json` prints of a daemon that runs.
export const askStatus = async (file) => (await converse(file, [preamble("status")]))[0].status;

// The answer to one tool call of a person in `zone`: {result} or {error}, as JSON-RPC has them.
export async function askTool(file, zone, name, args) {
  const request = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args, _meta: kMeta } });
  return (await converse(file, [preamble("mcp", { zone, speaks: "person" }), request]))[1];
}
