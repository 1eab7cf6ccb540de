// The daemon as a service: what install-service writes and leaves alone, and what a service manager makes of it. systemd itself
// judges the unit in tests/cli/service_test.cc; here it is played by systemctl.py, because tests run where no systemd does.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Home, root, until } from "./lib.mjs";

// A home whose person has a systemd of their own (or none), with all that belongs to them below the home.
function personWith(systemd) {
  const home = new Home({}, {}, { bare: true });
  const config = path.join(home.directory, "config"), runtime = path.join(home.directory, "runtime"), bin = path.join(home.directory, "bin");
  for (const folder of [config, bin, path.join(runtime, "systemd")]) mkdirSync(folder, { recursive: true });
  Object.assign(home.environment, { XDG_CONFIG_HOME: config, XDG_RUNTIME_DIR: runtime, PATH: `${bin}:${process.env.PATH}` });
  if (systemd === "systemd") {
    writeFileSync(path.join(runtime, "systemd/private"), "");
    symlinkSync(path.join(root, "tests/e2e/systemctl.py"), path.join(bin, "systemctl"));
  }
  const read = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  return { home, unit: path.join(config, "systemd/user/carillon.service"), wanted: path.join(config, "systemd/user/default.target.wants/carillon.service"),
    text() { return read(this.unit); }, log: () => read(path.join(runtime, "systemd/log")).split("\n").filter(Boolean),
    main: () => Number(read(path.join(runtime, "systemd/main.pid"))) };
}

test("install-service writes its unit once, prints it, and leaves what it did not write alone", async () => {
  const person = personWith("no systemd");
  const { home } = person;
  try {
    const printed = await home.run(["install-service", "--user", "--print", "--set", "tools.prefix=my "]);
    assert.equal(printed.code, 0, printed.stderr);
    assert.match(printed.stdout, /^ExecStart=".*carillon[^"]*" "serve" "--set" "tools.prefix=my "$/m);
    assert.match(printed.stdout, /^Type=notify$/m);
    assert.equal(person.text(), "", "printing changes nothing");

    const first = await home.run(["install-service", "--user"]);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /carillon\.service written[^]*no systemd runs here/);
    assert.ok(person.text().includes(`Environment="CARILLON_HOME=${home.environment.CARILLON_HOME}"`));
    assert.ok(existsSync(person.wanted), "systemd starts it by this link");
    const again = await home.run(["install-service", "--user"]);
    assert.match(again.stdout, /is as it should be/);

    const mine = person.text();
    writeFileSync(person.unit, mine + "Nice=5\n");
    for (const verb of ["install-service", "uninstall-service"]) {
      const refused = await home.run([verb, "--user"]);
      assert.equal(refused.code, 4);
      assert.match(refused.stderr, /has been edited since .* drop-in/);
    }
    writeFileSync(person.unit, "[Service]\nExecStart=/usr/bin/true\n");
    assert.match((await home.run(["install-service", "--user"])).stderr, /was not written by this command/);
    assert.equal(person.text(), "[Service]\nExecStart=/usr/bin/true\n");

    writeFileSync(person.unit, mine);
    assert.equal((await home.run(["uninstall-service", "--user"])).code, 0);
    assert.ok(!existsSync(person.unit) && !existsSync(person.wanted));
    assert.match((await home.run(["uninstall-service", "--user"])).stdout, /no service is installed/);
  } finally { await home.end(); }
});

test("a service that cannot be right is refused with what to change", async () => {
  const { home, text } = personWith("no systemd");
  const cases = [
    [["--user"], { DATABASE_URL: "postgresql://x:hunter2@127.0.0.1/y" }, /database\.url is given by the environment.*carillon\.toml/],
    [["--user", "--run-as", "nobody"], {}, /--run-as is for --system/],
    [["--user", "--system"], {}, /one of --user and --system/],
    [["--system", "--print", "--run-as", "no-such-user"], {}, /no user no-such-user.*useradd --system/],
    [["--system", "--print", "--run-as", "root"], {}, /name another user with --run-as/],
    [["--user", "now"], {}, /unknown: now/],
    [["--user", "--set", "log.level=loud"], {}, /log\.level/],
  ];
  try {
    for (const [words, environment, expected] of cases) {
      const refused = await home.run(["install-service", ...words], { environment });
      assert.equal(refused.code, 2, words.join(" "));
      assert.match(refused.stderr, expected);
      assert.ok(!refused.stderr.includes("hunter2"), "no secret is repeated");
    }
    const machine = await home.run(["install-service", "--system", "--print", "--run-as", "nobody"]);
    assert.match(machine.stdout, /^User=nobody$/m);
    assert.match(machine.stdout, /^ProtectSystem=strict$/m);
    assert.match(machine.stdout, /^Environment="CARILLON_HOME=\/var\/lib\/carillon"$/m);
  } finally { await home.end(); }
});

test("the service counts as started when it is ready, comes back after kill -9, fires what was due, and is what fronts start", async () => {
  const person = personWith("systemd");
  const { home } = person;
  try {
    // A daemon that a call has started gives way to the service.
    const offered = await home.call("schedule_task", { name: "later", when: "manual", message: "x" }).then(() => home.call("get_status"));
    assert.match(offered.service, /stop when the machine restarts/);
    const lone = (await home.status()).pid;
    const installed = await home.run(["install-service", "--user"]);
    assert.equal(installed.code, 0, installed.stdout + installed.stderr);
    assert.deepEqual(person.log(), ["systemctl daemon-reload", "systemctl is-active", "systemctl restart", "start", "READY=1"]);
    assert.notEqual((await home.status()).pid, lone);
    assert.equal((await home.status()).pid, person.main(), "ready means that it answers");
    assert.equal((await home.call("get_status")).service, undefined, "nothing is left to offer");

    await home.call("schedule_task", { name: "due", when: "in 2s", tool: "carillon.echo", arguments: { message: "after the crash" } });
    process.kill(person.main(), "SIGKILL");
    const runs = await until(async () => {
      try { return (await home.call("list_runs", { task: "due", status: ["succeeded"] })).runs.at(0); } catch { return null; }
    }, "the run of the restarted service");
    assert.equal(runs.status, "succeeded");
    assert.equal((await home.status()).pid, person.main());
    assert.ok(person.log().includes("end -9"));

    // Stopped on purpose it stays down until somebody wants it, and then it is the service that comes up.
    assert.equal((await home.run(["stop"])).code, 0);
    await until(() => person.log().includes("end 0"), "the manager to see the end");
    assert.deepEqual(person.log().slice(-2), ["STOPPING=1", "end 0"]);
    await home.call("list_tasks");
    assert.equal((await home.status()).pid, person.main());
    assert.ok(person.log().includes("systemctl start"));

    assert.match((await home.run(["install-service", "--user"])).stdout, /as it should be[^]*the service is running/);
    const removed = await home.run(["uninstall-service", "--user"]);
    assert.equal(removed.code, 0, removed.stderr);
    assert.equal((await home.status()).state, "stopped");
    assert.ok(!existsSync(person.unit));
  } finally {
    await home.run(["uninstall-service", "--user"]);
    await home.end();
  }
});
