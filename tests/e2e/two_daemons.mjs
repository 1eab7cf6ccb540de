// Two daemons on one database, and what can happen to them. The first keeps the PostgreSQL, the second is its guest; either may go
// and come back.
import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { Home } from "./lib.mjs";

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Whole numbers from 0 on and below what is asked, the same ones for the same seed.
export function dice(seed) {
  let state = seed;
  return (below) => { state = (state * 1_103_515_245 + 12_345) % 2_147_483_648; return Math.floor((state / 2_147_483_648) * below); };
}

export class TwoDaemons {
  constructor(servers = {}, environment = {}) {
    this.servers = servers;
    this.environment = environment;
    this.homes = [new Home(servers, environment), null];
    this.daemons = [null, null];
  }
  async start() {
    this.daemons[0] = await this.homes[0].serve();
    this.url = (await this.homes[0].run(["migrate", "url"])).stdout.trim();
    this.homes[1] = new Home(this.servers, { ...this.environment, DATABASE_URL: this.url });
    this.daemons[1] = await this.homes[1].serve();
  }
  ask(sql) {
    return execFileSync("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", this.url], { input: sql, encoding: "utf8", maxBuffer: 256 << 20, stdio: ["pipe", "pipe", "pipe"] }).trim();
  }
  // The same while others go on.
  async askLater(sql) {
    return (await promisify(execFile)("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, this.url], { encoding: "utf8", maxBuffer: 256 << 20 })).stdout.trim();
  }
  async kill(which) {
    this.daemons[which].kill("SIGKILL");
    await this.daemons[which].gone;
    this.daemons[which] = this.homes[which].start(["serve"]);
  }
  async stop(which, ms) {
    const stopped = this.daemons[which];
    stopped.kill("SIGSTOP");
    await sleep(ms);
    stopped.kill("SIGCONT");
  }
  postgres(signal) {
    const file = execFileSync("find", [`${this.homes[0].environment.CARILLON_HOME}/postgres`, "-name", "postmaster.pid"], { encoding: "utf8" }).trim();
    if (file) try { process.kill(Number(readFileSync(file, "utf8").split("\n")[0]), signal); } catch { /* it has just gone */ }
  }
  // A daemon that ended by itself (a slot of its process was lost while it was stopped, or it could not start) is restarted,
  // as a supervisor would.
  async mend() {
    for (const which of [0, 1]) if (this.daemons[which].exitCode !== null || this.daemons[which].signalCode !== null) this.daemons[which] = this.homes[which].start(["serve"]);
  }
  // What the daemons said that broke: neither killed by a test nor ended by themselves.
  get broken() {
    const children = this.homes.flatMap((home) => home?.children ?? []).filter(({ signalCode }) => signalCode && !["SIGKILL", "SIGTERM"].includes(signalCode));
    return children.map(({ signalCode, errors }) => `${signalCode}: ${errors.split("\n").filter((line) => !line.startsWith("{")).join(" ")}`);
  }
  async end() {
    for (const home of [this.homes[1], this.homes[0]]) if (home) await home.end();
  }
}
