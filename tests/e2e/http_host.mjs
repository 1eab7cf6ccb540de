// A host over HTTP in a process of its own, so that it can be killed: connects as the client of that name, makes one
// call, prints its answer and stays connected. Words: client, endpoint, token, tool, arguments as JSON.
import { clients } from "./lib.mjs";

const [name, endpoint, token, tool, args] = process.argv.slice(2);
const kind = (await clients()).find((each) => each.name === name);
const client = await kind.connect({ status: async () => ({ mcp: endpoint }), token: () => token });
console.log(JSON.stringify(await client.callTool({ name: tool, arguments: JSON.parse(args) })));
setInterval(() => {}, 60_000);
