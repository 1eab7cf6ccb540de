// The page behind a link that decides an approval, in a real browser: what a person sees and does, that looking decides nothing, and
// that nothing is loaded, run or complained of which the page's own policy does not allow.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { Home, load, standIn, until } from "./lib.mjs";

const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((file) => existsSync(file));
const steps = [
  { id: "ask", approval: { message: "Deploy ${input.tag}?", arguments: { tag: "${input.tag}", items: ["one", "a".repeat(400)] } } },
  { id: "tell", uses: "pay.echo", with: { message: "${steps.ask.status} by ${steps.ask.by[0]}: ${steps.ask.comment}" } }];
const hostile = "<img src=x onerror=alert(1)><script>document.title='taken'</script>";

let home, browser;
before(async () => {
  home = new Home({ pay: standIn() });
  await home.serve();
  await home.call("schedule_task", { name: "deploy", when: "manual", steps, options: { overlap: "allow" } });
  const { default: puppeteer } = await load("puppeteer-core");
  // Chromium's own sandbox wants a user that is not root; all that it is shown here is our own.
  browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-background-networking"], userDataDir: `${home.directory}/browser` });
});
after(async () => { await browser?.close(); await home.end(); });

const begin = async (tag) => {
  const { run } = await home.call("run_now", { task: "deploy", input: { tag } });
  await until(async () => (await home.call("get_run", { run })).status === "waiting", `${run} to wait`);
  const listed = (await home.run(["approvals", "--links"])).stdout;
  return { run, link: listed.slice(listed.indexOf(run)).match(/http:\S+/)[0] };
};
const ended = (run) => until(async () => {
  const detail = await home.call("get_run", { run, include: ["output"] });
  return !["queued", "running", "waiting"].includes(detail.status) && detail;
}, `${run} to end`);

// A page that keeps what it asks for and complains of, and which boxes have opened.
async function opened(link, viewport = { width: 1000, height: 800 }) {
  const page = await browser.newPage();
  const seen = { asked: [], complaints: [] };
  page.setDefaultTimeout(90_000);
  await page.setViewport(viewport);
  page.on("request", (request) => seen.asked.push(new URL(request.url())));
  page.on("console", (message) => { if (["error", "warn", "warning"].includes(message.type())) seen.complaints.push(message.text()); });
  page.on("pageerror", (error) => seen.complaints.push(error.message));
  page.on("dialog", (dialog) => { seen.complaints.push(`a box opened: ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(link, { waitUntil: "networkidle0" });
  const text = () => page.$eval("body", (body) => body.innerText);
  const press = async (button) => { await page.bringToFront(); await Promise.all([page.waitForNavigation({ waitUntil: "networkidle0" }), page.click(`button[value=${button}]`)]); return await text(); };
  return { page, seen, text, press };
}
const isClean = ({ seen }, link) => {
  assert.deepEqual(seen.complaints, []);
  assert.deepEqual([...new Set(seen.asked.map(({ origin }) => origin))], [new URL(link).origin], "nothing comes from elsewhere");
};

test("a person opens the link, reads what is asked, writes a comment and approves; then it is decided", async () => {
  const { run, link } = await begin(hostile);
  for (let looks = 0; looks < 2; ++looks) {
    const look = await opened(link);
    assert.ok((await look.text()).includes(`Deploy ${hostile}?`), "the message is a text");
    isClean(look, link);
    await look.page.close();
  }
  const view = await opened(link);
  assert.match(await view.page.title(), new RegExp(`^${run} asks for an approval$`));
  assert.match(await view.text(), /"a{400}"[^]*digest of the arguments \(SHA-256\)\n[0-9a-f]{64}/);
  assert.equal((await home.call("get_run", { run })).status, "waiting", "looking decides nothing");
  // The style of the page is allowed by its own policy.
  assert.equal(await view.page.$eval("button.yes", (button) => getComputedStyle(button).backgroundColor), "rgb(20, 98, 47)");
  await view.page.type("textarea[name=comment]", "grün & gut + 100 %\n<b>fast</b>");
  assert.match(await view.press("approve"), /Decided by owner\. The run goes on/);
  isClean(view, link);
  const detail = await ended(run);
  assert.equal(detail.status, "succeeded");
  assert.ok(JSON.stringify(detail.output).includes("approved by owner: grün & gut + 100 %"), JSON.stringify(detail.output));
  assert.ok(JSON.stringify(detail.output).includes("<b>fast</b>"));
  // Going back and pressing again, and opening the link anew, both say what became of it.
  await view.page.goBack({ waitUntil: "networkidle0" });
  assert.match(await view.text(), /Already decided: approved by owner at/);
  assert.equal(await view.page.$("button"), null);
  const again = await opened(link);
  assert.match(await again.text(), /Already decided: approved by owner at/);
  assert.equal(await again.page.$("form"), null);
  isClean(again, link);
  await Promise.all([view, again].map(({ page }) => page.close()));
});

test("two that have the page open decide once, and the later one reads how", async () => {
  const { run, link } = await begin("v9");
  const [first, second] = [await opened(link), await opened(link)];
  assert.match(await first.press("reject"), /Decided by owner/);
  assert.match(await second.press("approve"), /Already decided: rejected by owner at/);
  isClean(first, link);
  const detail = await ended(run);
  assert.equal(detail.status, "failed");
  assert.match(JSON.stringify(detail), /rejected by owner/);
  await Promise.all([first, second].map(({ page }) => page.close()));
});

test("the page fits a telephone, is decided there by keyboard or finger, and runs no script", async () => {
  const { run, link } = await begin("v10");
  const view = await opened(link, { width: 360, height: 640, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  assert.equal(await view.page.evaluate(() => document.documentElement.scrollWidth), 360, "nothing stands out of the page");
  const sizes = await view.page.$$eval("button, textarea", (all) => all.map((each) => { const { left, right, height } = each.getBoundingClientRect(); return { left, right, height }; }));
  for (const { left, right, height } of sizes) assert.ok(left >= 0 && right <= 360 && height >= 40, JSON.stringify(sizes));
  // What somebody could put into the page would not run, nor be sent elsewhere.
  const isBlocked = await view.page.evaluate(async () => {
    const refused = [];
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => refused.push(effectiveDirective));
    const script = document.createElement("script");
    script.textContent = "window.taken = true";
    document.body.append(script);
    const form = document.createElement("form");
    form.action = "http://127.0.0.1:9/";
    document.body.append(form);
    form.submit();
    await fetch("/health").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    return { refused: [...new Set(refused)].sort(), taken: window.taken ?? false };
  });
  assert.deepEqual(isBlocked, { refused: ["connect-src", "form-action", "script-src-elem"], taken: false });
  await view.page.tap("textarea[name=comment]");
  await view.page.keyboard.type("from the train");
  await Promise.all([view.page.waitForNavigation({ waitUntil: "networkidle0" }), view.page.tap("button[value=approve]")]);
  assert.match(await view.text(), /Decided by owner/);
  assert.match(JSON.stringify((await ended(run)).output), /approved by owner: from the train/);
  await view.page.close();
});
