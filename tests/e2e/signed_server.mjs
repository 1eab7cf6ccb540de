// An MCP server that wants a sign-in, and its issuer, as a process of their own: node signed_server.mjs
//
// Both are the official SDK's (mcpAuthRouter, requireBearerAuth, StreamableHTTPServerTransport); only what they remember
// is ours, and the client_credentials grant, which the SDK does not have. The first line on stdout is
// {"mcp", "control"}. GET control tells what was asked of them; POST control changes how they behave from now on:
//   {lifetime: seconds} of new tokens · {expireTokens: true} the server takes no token given so far
//   {revoke: true} the issuer also forgets every refresh token · {down: true|false} the issuer answers 503
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import path from "node:path";

const npm = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../npm/package.json");
const load = (name) => import(pathToFileURL(createRequire(npm).resolve(name)));
const { default: express } = await load("express");
const { mcpAuthRouter, mcpAuthMetadataRouter, createOAuthMetadata, getOAuthProtectedResourceMetadataUrl } = await load("@modelcontextprotocol/sdk/server/auth/router.js");
const { requireBearerAuth } = await load("@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js");
const { InvalidGrantError, InvalidTokenError } = await load("@modelcontextprotocol/sdk/server/auth/errors.js");
const { McpServer } = await load("@modelcontextprotocol/sdk/server/mcp.js");
const { StreamableHTTPServerTransport } = await load("@modelcontextprotocol/sdk/server/streamableHttp.js");

const machine = { client_id: "machine", client_secret: "machine-secret-123" };
const asked = { authorize: 0, authorization_code: 0, refresh_token: 0, client_credentials: 0, refused: 0, revoked: 0, metadata: 0, mcp: 0, unauthorized: 0, tokens: [] };
const how = { lifetime: 3600, down: false };
const clients = new Map(), codes = new Map(), access = new Map(), refresh = new Map();

function give(clientId, scopes, renews) {
  const token = `access-${randomUUID()}`;
  access.set(token, { token, clientId, scopes, expiresAt: Math.floor(Date.now() / 1000) + how.lifetime });
  asked.tokens.push(token);
  const answer = { access_token: token, token_type: "Bearer", expires_in: how.lifetime, scope: scopes.join(" ") };
  if (!renews) return answer;
  const next = `refresh-${randomUUID()}`;
  refresh.set(next, { clientId, scopes });
  asked.tokens.push(next);
  return { ...answer, refresh_token: next };
}

const provider = {
  clientsStore: {
    getClient: (id) => clients.get(id),
    registerClient: (client) => { clients.set(client.client_id, client); return client; },
  },
  async authorize(client, params, response) {
    asked.authorize += 1;
    asked.scopes = params.scopes;
    const code = `code-${randomUUID()}`;
    codes.set(code, { client, params });
    const target = new URL(params.redirectUri);
    target.searchParams.set("code", code);
    if (params.state !== undefined) target.searchParams.set("state", params.state);
    response.redirect(target.toString());
  },
  async challengeForAuthorizationCode(_, code) {
    if (!codes.has(code)) throw new InvalidGrantError("no such code");
    return codes.get(code).params.codeChallenge;
  },
  async exchangeAuthorizationCode(client, code) {
    asked.authorization_code += 1;
    const { params } = codes.get(code);
    codes.delete(code);
    return give(client.client_id, params.scopes ?? [], true);
  },
  async exchangeRefreshToken(client, token) {
    asked.refresh_token += 1;
    const known = refresh.get(token);
    if (!known || known.clientId !== client.client_id) {
      asked.refused += 1;
      throw new InvalidGrantError("no such refresh token");
    }
    refresh.delete(token);  // each is good for once
    return give(client.client_id, known.scopes, true);
  },
  async verifyAccessToken(token) {
    const known = access.get(token);
    if (!known) throw new InvalidTokenError("no such token");
    return known;
  },
  async revokeToken(_, { token }) {
    asked.revoked += 1;
    refresh.delete(token);
    access.delete(token);
  },
};

const listen = (app) => new Promise((resolve) => { const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port)); });
const limits = { rateLimit: false };

const issuer = express();
issuer.use((request, response, next) => {
  if (request.path.startsWith("/.well-known/")) asked.metadata += 1;
  if (how.down && request.path !== "/control") return void response.status(503).end();
  next();
});
issuer.use(express.json());
issuer.use(express.urlencoded({ extended: false }));
issuer.get("/control", (_, response) => response.json(asked));
issuer.post("/control", (request, response) => {
  const { expireTokens, revoke, ...rest } = request.body;
  Object.assign(how, rest);
  if (expireTokens || revoke) access.clear();
  if (revoke) refresh.clear();
  response.json({});
});
issuer.post("/token", (request, response, next) => {
  if (request.body.grant_type !== "client_credentials") return next();
  asked.client_credentials += 1;
  const { client_id: id, client_secret: secret } = request.body;  // client_secret_post, as the SDK's metadata has it
  if (id !== machine.client_id || secret !== machine.client_secret) return void response.status(401).json({ error: "invalid_client" });
  response.json(give("machine", (request.body.scope ?? "").split(" ").filter(Boolean), false));
});
const port = await listen(issuer);
const issuerUrl = new URL(`http://127.0.0.1:${port}`);
issuer.use(mcpAuthRouter({ provider, issuerUrl, scopesSupported: ["read", "write"], authorizationOptions: limits, clientRegistrationOptions: limits, revocationOptions: limits, tokenOptions: limits }));

const server = express();
const mcpPort = await listen(server);
const mcpUrl = new URL(`http://127.0.0.1:${mcpPort}/mcp`);
const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(mcpUrl);
server.use(mcpAuthMetadataRouter({ oauthMetadata: createOAuthMetadata({ provider, issuerUrl, scopesSupported: ["read", "write"] }), resourceServerUrl: mcpUrl, scopesSupported: ["read"] }));
server.use(express.json());
server.use("/mcp", (request, response, next) => {
  asked.mcp += 1;
  response.on("finish", () => { if (response.statusCode === 401) asked.unauthorized += 1; });
  const requiredScopes = request.body?.method === "tools/call" && request.body.params.name === "write" ? ["write"] : ["read"];
  requireBearerAuth({ verifier: provider, requiredScopes, resourceMetadataUrl })(request, response, next);
});
server.post("/mcp", async (request, response) => {
  const mcp = new McpServer({ name: "signed", version: "1" });
  for (const name of ["read", "write"])
    mcp.registerTool(name, { description: `Needs the scope ${name}`, annotations: { readOnlyHint: name === "read" } }, (extra) => ({ content: [{ type: "text", text: `${name} as ${extra.authInfo.clientId === "machine" ? "machine" : "person"}` }] }));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  response.on("close", () => { transport.close(); mcp.close(); });
  await mcp.connect(transport);
  await transport.handleRequest(request, response, request.body);
});
server.all("/mcp", (_, response) => response.status(405).end());

console.log(JSON.stringify({ mcp: mcpUrl.href, control: `http://127.0.0.1:${port}/control` }));
process.stdin.on("end", () => process.exit(0)).resume();
