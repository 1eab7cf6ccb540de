// Subcommands of `carillon`: a table of rows, one source file each. `carillon --help` and docs/command-line.md are
// printed from the table.
//
// Exit codes: kExit below; documented in docs/command-line.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "server/base/result.h"

namespace cxxopts {
class Options;
class ParseResult;
}  // namespace cxxopts

namespace carillon::cli {

// Exit codes.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;       // the command ran and answered with an error
inline constexpr int kExitUsage = 2;        // the command line or the configuration is wrong; nothing was opened
inline constexpr int kExitUnavailable = 3;  // no daemon, no database, or not ready
inline constexpr int kExitConflict = 4;     // already running, or the port is taken

using Words = std::vector<std::string>;  // what follows the subcommand's name

struct Subcommand {
  std::string_view name;
  std::string_view usage;    // what may follow the name
  std::string_view summary;  // one line
  int (*run)(const Words& words);
};

std::span<const Subcommand> subcommands();

// The whole program but main(): finds the row and runs it. Writes usage errors to stderr.
int run_command_line(const Words& words);

// The rows' functions, one file each.
int run_serve(const Words& words);
int run_worker(const Words& words);
int run_mcp(const Words& words);
int run_status(const Words& words);
int run_stop(const Words& words);
int run_call(const Words& words);
int run_doctor(const Words& words);
int run_migrate(const Words& words);
int run_config(const Words& words);
int run_import(const Words& words);
int run_secret(const Words& words);
int run_token(const Words& words);
int run_approve(const Words& words);
int run_reject(const Words& words);
int run_approvals(const Words& words);
int run_when(const Words& words);
int run_expr(const Words& words);
int run_schema(const Words& words);
int run_calendar(const Words& words);
int run_backfill(const Words& words);
int run_login(const Words& words);
int run_logout(const Words& words);
int run_install_service(const Words& words);
int run_uninstall_service(const Words& words);

// What all subcommands share: `--config FILE`, `--set key=value` (again and again), and the flags given here as
// {flag, key}: `--listen X` sets http.listen. Everything else on the line is refused or handed on.
struct FlagForKey {
  std::string flag;  // as cxxopts writes it: "listen"
  std::string key;   // "http.listen"
  std::string summary;
  std::string implied;  // value of a flag that takes none ("true"); empty: the flag takes a value
};

struct Parsed {
  Config config;
  std::vector<std::string> rest;                         // words that are no options
  std::vector<std::pair<std::string, std::string>> own;  // the subcommand's own options that were given
  bool has(std::string_view option) const;
  std::string value(std::string_view option, std::string otherwise) const;
};

struct OwnOption {
  std::string name;
  std::string summary;
  std::string takes;  // name of its value; empty: a switch
};

struct Expected {
  std::string_view command;
  std::vector<FlagForKey> flags{};
  std::vector<OwnOption> own{};
};

// The flags of `serve`, for all who start one.
std::vector<FlagForKey> serve_flags();

// Parses and loads the configuration. Every mistake goes to stderr at once; then nothing is returned and the exit code
// is kExitUsage.
std::optional<Parsed> parse_words(const Words& words, const Expected& expected);

}  // namespace carillon::cli
