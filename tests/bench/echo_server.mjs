// The baseline of the call benchmark: the TypeScript SDK's own server with one echo tool.
//   echo_server.mjs            on stdio
//   echo_server.mjs http       on a free port of 127.0.0.1, which it prints; stateless Streamable HTTP, JSON answers
import { createServer } from "node:http";
import { load } from "../e2e/lib.mjs";

const { McpServer } = await load("@modelcontextprotocol/sdk/server/mcp.js");
const { z } = await load("zod");

function makeServer() {
  const server = new McpServer({ name: "echo", version: "1" });
  server.registerTool("echo", { description: "Echo", inputSchema: { message: z.string() } }, ({ message }) => ({ content: [{ type: "text", text: message }] }));
  return server;
}

if (process.argv[2] === "http") {
  const { StreamableHTTPServerTransport } = await load("@modelcontextprotocol/sdk/server/streamableHttp.js");
  const http = createServer(async (request, response) => {
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    const server = makeServer();
    response.on("close", () => { transport.close(); server.close(); });
    await server.connect(transport);
    await transport.handleRequest(request, response);
  });
  http.listen(0, "127.0.0.1", () => console.log(http.address().port));
} else {
  const { StdioServerTransport } = await load("@modelcontextprotocol/sdk/server/stdio.js");
  await makeServer().connect(new StdioServerTransport());
}
