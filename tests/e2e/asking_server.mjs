// A downstream MCP server that asks in the middle of its calls, with the official SDK: node asking_server.mjs
//
// ask_city asks for a city and says what it heard; ask_model asks the caller's model; slow_steps reports progress.
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import path from "node:path";

const npm = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../npm/package.json");
const load = (name) => import(pathToFileURL(createRequire(npm).resolve(name)));
const { McpServer } = await load("@modelcontextprotocol/sdk/server/mcp.js");
const { StdioServerTransport } = await load("@modelcontextprotocol/sdk/server/stdio.js");
const { z } = await load("zod");

const server = new McpServer({ name: "asking", version: "1" });
const said = (text) => ({ content: [{ type: "text", text }] });
const can = (capability) => server.server.getClientCapabilities()?.[capability] !== undefined;
const cityForm = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

server.registerTool("ask_city", { description: "Asks for a city.", inputSchema: {} }, async () => {
  if (!can("elicitation")) return said("nobody can be asked");
  const answer = await server.server.elicitInput({ message: "Which city?", requestedSchema: cityForm });
  return said(`${answer.action} ${answer.content?.city ?? ""}`.trim());
});
server.registerTool("ask_model", { description: "Asks a model.", inputSchema: {} }, async () => {
  if (!can("sampling")) return said("no model can be asked");
  const answer = await server.server.createMessage({ maxTokens: 10, messages: [{ role: "user", content: { type: "text", text: "Say hello" } }] });
  return said(`${answer.model}: ${answer.content.text}`);
});
server.registerTool("slow_steps", { description: "Works in steps.", inputSchema: { steps: z.number() }, annotations: { readOnlyHint: true } }, async ({ steps }, { _meta, sendNotification }) => {
  for (let step = 1; step <= steps; ++step) {
    await sendNotification({ method: "notifications/progress", params: { progressToken: _meta.progressToken, progress: step, total: steps, message: `step ${step}` } });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return said("all steps done");
});

await server.connect(new StdioServerTransport());
