// Load on an MCP server, as lines on a pipe or as HTTP requests on kept connections. Answers calls per second.
import http from "node:http";

const modernMeta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };

export const request = (id, method, params, modern) =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params: modern ? { ...params, _meta: modernMeta } : params });

// A duplex of lines over a child's stdin and stdout; send(line) resolves with the parsed answer to its id.
export function lineClient(child) {
  const waiting = new Map();
  let rest = "";
  child.stdout.on("data", (data) => {
    const lines = (rest + data).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const message = JSON.parse(line);
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    }
  });
  let next = 1;
  return (method, params, modern = true) => new Promise((resolve) => {
    const id = next++;
    waiting.set(id, resolve);
    child.stdin.write(request(id, method, params, modern) + "\n");
  });
}

export function httpClient(url, token, modern = true) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
  let next = 1;
  return (method, params) => new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json", Accept: "application/json, text/event-stream", "MCP-Protocol-Version": modern ? "2026-07-28" : "2025-06-18" };
    if (modern) Object.assign(headers, { "Mcp-Method": method, "Mcp-Name": params.name });
    if (token) headers.Authorization = `Bearer ${token}`;
    const sent = http.request(url, { method: "POST", agent, headers }, (response) => {
      let body = "";
      response.on("data", (data) => { body += data; });
      response.on("end", () => {
        if (response.statusCode !== 200) return reject(new Error(`${response.statusCode} ${body}`));
        resolve(JSON.parse(body.startsWith("{") ? body : body.slice(body.indexOf("{"))));
      });
    });
    sent.on("error", reject);
    sent.end(request(next++, method, params, modern));
  });
}

// `callers` loops of `call()` for `seconds`; calls per second.
export async function rate(call, callers, seconds) {
  let done = 0;
  const end = performance.now() + seconds * 1000;
  const started = performance.now();
  await Promise.all(Array.from({ length: callers }, async () => {
    while (performance.now() < end) {
      const answer = await call();
      if (answer.error || answer.result?.isError) throw new Error(JSON.stringify(answer));
      done += 1;
    }
  }));
  return done / ((performance.now() - started) / 1000);
}

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
