// What can be set about the catalog. A value.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/domain/breaker.h"

namespace carillon {

// A model behind an OpenAI-compatible endpoint (llm_tools.h).
struct LlmOptions {
  std::string endpoint;  // "https://host/v1"; empty: there is none; "stub:": answers that mean nothing, for trying out
  std::string model;
  std::string api_key;  // secret:NAME, env:NAME and file:/PATH are looked up; empty: none is sent
  int answer_tokens_max = 4096;
  int input_price = 0, output_price = 0;  // of a thousand tokens, in millionths of a US dollar
};

// Programs that steps may start (script_tool.h).
struct ScriptOptions {
  std::vector<std::string> programs;  // by absolute path; none: there are no scripts
  int parallel_max = 4;
  std::size_t memory_bytes_max = 1u << 30;
  std::size_t output_bytes_max = 1u << 20;  // of stdout and of stderr each
};

struct CatalogOptions {
  std::string servers_file;       // empty: the built-in servers only
  std::string prompts_directory;  // prompt templates (prompt_files.h); empty: those brought along only
  std::string vault_directory;    // secrets and sign-ins (secrets.h); empty: there are none
  Duration call_timeout = std::chrono::seconds{60};  // where neither the call nor the entry names one
  Duration answer_within = std::chrono::hours{24};   // what a server asks in the middle of a call
  Duration probe_timeout = std::chrono::seconds{3};  // then initialize is tried, too
  Duration handshake_timeout = std::chrono::seconds{30};
  Duration idle_stop = std::chrono::minutes{10};            // a server that nobody calls for so long is ended
  Duration restart_delay = std::chrono::milliseconds{500};  // doubled with each failure in a row
  Duration restart_delay_max = std::chrono::seconds{60};
  int parallel_max = 32;   // calls in flight on one server, where its entry names no number
  int waiting_max = 1000;  // calls that wait for their turn on one server
  int http_threads = 64;   // exchanges with HTTP servers at once
  BreakerRules breaker{};
  // Hosts that carillon.http_get and its like may reach; none: they are off. "example.com", "*.example.com": public
  // addresses only, over https. With a port ("intranet:8080", "127.0.0.1:9000") private addresses and http are allowed
  // as well, because somebody meant them.
  std::vector<std::string> http_get_hosts;  // for GET and HEAD
  std::vector<std::string> http_hosts;      // for all methods
  std::vector<std::string> http_secrets;    // "name@host": which secrets of the vault may go where, in headers
  std::size_t http_get_bytes_max = 1u << 20;
  LlmOptions llm;
  ScriptOptions script;
  std::string ca_file;  // PEM file of the certificates to trust, instead of the system's
};

// How many of the threads for exchanges one server may hold: one that hangs must not take them all.
constexpr int threads_of_one_server(const CatalogOptions& options) {
  return options.http_threads < 2 ? 1 : options.http_threads - (options.http_threads + 3) / 4;
}

}  // namespace carillon
