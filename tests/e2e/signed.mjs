// The server that wants a sign-in (signed_server.mjs) as a process of its own, and a person who signs in to it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { node, root, until } from "./lib.mjs";

// {child, mcp, asked(), behave(how)}: its address, what was asked of it, and how it is to behave from now on.
export async function startSigned() {
  const child = spawn(node, [path.join(root, "tests/e2e/signed_server.mjs")], { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  await until(() => new Promise((resolve) => {
    child.stdout.once("data", (data) => { text += data; resolve(text.includes("\n")); });
  }), "the server that wants a sign-in");
  const { mcp, control } = JSON.parse(text);
  return {
    child, mcp,
    asked: async () => (await fetch(control)).json(),
    behave: (how) => fetch(control, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(how) }),
  };
}

// The person: opens the printed address in a browser that agrees to everything.
export async function login(home, server) {
  const terminal = home.start(["login", server]);
  let said = "";
  terminal.stdout.on("data", (data) => { said += data; });
  const address = await until(() => said.match(/http:\/\/127\.0\.0\.1:\d+\/authorize\?\S+/)?.[0] ?? terminal.exitCode !== null, "the address to open");
  if (typeof address === "string") {
    const agreed = await fetch(address, { redirect: "manual" });
    const back = await fetch(agreed.headers.get("location"));
    assert.match(await back.text(), /window can be closed/);
  }
  const { code } = await terminal.gone;
  return { code, text: said + terminal.errors, address };
}
