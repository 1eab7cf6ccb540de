// Most of a daemon's first start is making its private PostgreSQL. It is made once for a program, beside it, and each
// home gets a copy; tests of the first start itself want a home that is bare.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";

const kPrefix = "prepared-home-";

// Where a home lies whose PostgreSQL is migrated and in which no daemon has run; made where there is none of `program`
// as it is now. Tests of several processes may ask at once.
function preparedHome(program, environment) {
  const beside = path.dirname(program), { mtimeMs, size } = statSync(program);
  const prepared = path.join(beside, `${kPrefix}${mtimeMs}-${size}`);
  if (existsSync(prepared)) return prepared;
  for (const older of readdirSync(beside)) if (older.startsWith(kPrefix)) rmSync(path.join(beside, older), { recursive: true, force: true });
  const making = mkdtempSync(path.join(beside, "making-home-"));
  execFileSync(program, ["migrate", "up"], { env: { ...environment, CARILLON_HOME: making }, stdio: ["ignore", "ignore", "pipe"] });
  try { renameSync(making, prepared); } catch (error) {
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(prepared)) throw error;  // else somebody else was faster
  }
  return prepared;
}

// Gives the home in `directory` a PostgreSQL of its own, ready for the first start of `program`.
export function prepare(directory, program, environment) {
  execFileSync("cp", ["-a", "--reflink=auto", path.join(preparedHome(program, environment), "postgres"), directory]);
}
