// Downstream MCP servers of an office, with the official SDK: node office_server.mjs NAME JOURNAL
//
// NAME is one of the servers below; each has its tools, and writes every call with its arguments as a JSON line.
import { appendFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const npm = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../npm/package.json");
const load = (name) => import(pathToFileURL(createRequire(npm).resolve(name)));
const { McpServer } = await load("@modelcontextprotocol/sdk/server/mcp.js");
const { StdioServerTransport } = await load("@modelcontextprotocol/sdk/server/stdio.js");
const { z } = await load("zod");

const reads = { readOnlyHint: true };
const writes = { readOnlyHint: false, destructiveHint: false, idempotentHint: false };
const mail = [{ id: "t1", to: "ann@example.com", subject: "Offer" }, { id: "t2", to: "bo@example.com", subject: "Invoice" }];
const servers = {
  "google-calendar-mcp": { list_events: [reads, { start: z.string(), end: z.string() }, () => ({ items: [{ at: "09:00", title: "Standup" }, { at: "14:00", title: "Review" }] })] },
  "weather-mcp": { forecast: [reads, { city: z.string() }, ({ city }) => ({ city, summary: "sunny", temperature: 21 })] },
  "telegram-mcp": { send_message: [writes, { chat_id: z.number().int(), text: z.string() }, () => ({ message_id: 1 })] },
  "imap-mcp": { find_outbound_without_reply: [reads, { lookback_days: z.number(), min_age_hours: z.number() }, () => ({ threads: mail })] },
  "gmail-mcp": { send_followups: [writes, { drafts: z.array(z.object({ to: z.string(), body: z.string() }).passthrough()) }, ({ drafts }) => ({ sent: drafts.length })] },
  "github-mcp": {
    list_issues: [reads, { repo: z.string(), since: z.string().nullable().optional() }, () => ({ issues: [{ number: 1, title: "It crashes" }, { number: 2, title: "urgent: data lost" }, { number: 13, title: "How do I?" }] })],
    add_label: [writes, { repo: z.string(), issue: z.number(), label: z.string() }, ({ issue }) => { if (issue === 13) throw new Error("locked"); return { labelled: issue }; }],
  },
  "slack-mcp": { post: [writes, { channel: z.string(), text: z.string() }, () => ({ ok: true })] },
  "deploy-mcp": {
    roll_out: [writes, { tag: z.string() }, () => ({ before: "v1" })],
    roll_back: [writes, { to: z.string() }, ({ to }) => ({ now: to })],
    check_health: [reads, { tag: z.string() }, ({ tag }) => ({ healthy: tag !== "sick" })],
  },
};

const [, , name, journal] = process.argv;
const server = new McpServer({ name, version: "1" });
for (const [tool, [annotations, inputSchema, work]] of Object.entries(servers[name]))
  server.registerTool(tool, { description: tool.replaceAll("_", " "), inputSchema, annotations }, async (args) => {
    appendFileSync(journal, `${JSON.stringify({ server: name, tool, arguments: args })}\n`);
    const structuredContent = work(args);
    return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
  });
await server.connect(new StdioServerTransport());
