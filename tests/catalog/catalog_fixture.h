// A catalog over a servers.json of the test's own, with the stand-in as the server "s"; calls wait for their reply.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "catalog/catalog.h"
#include "catalog/entries_file.h"
#include "tests/stand_in/stand_in_path.h"

namespace carillon::catalog {

using namespace std::chrono_literals;

inline bool eventually(const std::function<bool()>& holds) {
  for (const auto deadline = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < deadline;
       std::this_thread::yield())
    if (holds()) return true;
  return false;
}

class Bench {
 public:
  Bench() {
    static int count = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("carillon_catalog_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
    std::filesystem::create_directories(folder_);
    options.servers_file = file("servers.json");
    options.vault_directory = file("vault");
    options.restart_delay = 5ms;
    options.restart_delay_max = 20ms;
  }
  ~Bench() {
    catalog_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  json stand_in(std::vector<std::string> flags, const json& more = json::object()) const {
    flags.insert(flags.end(), {"--journal", file("journal")});
    json entry{{"command", kStandInServer}, {"args", flags}};
    entry.update(more);
    return entry;
  }
  void write(const json& servers) { write_document(options.servers_file, {{"mcpServers", ordered_json(servers)}}); }
  // One server, "s".
  Catalog& with(std::vector<std::string> flags, const json& more = json::object()) {
    write({{"s", stand_in(std::move(flags), more)}});
    return catalog();
  }
  Catalog& catalog() {
    if (!catalog_) catalog_ = std::make_unique<Catalog>(options, signing_key, prompts);
    return *catalog_;
  }
  void stop() { catalog_.reset(); }

  std::future<ToolReply> start(const std::string& tool, json arguments = json::object(), Duration timeout = 20s,
                               CallId* id = nullptr) {
    return start(call_of(tool, std::move(arguments), timeout), id);
  }
  std::future<ToolReply> start(ToolCall call, CallId* id = nullptr) {
    auto done = std::make_shared<std::promise<ToolReply>>();
    const CallId made =
        catalog().start(std::move(call), [done](ToolReply reply) { done->set_value(std::move(reply)); });
    if (id) *id = made;
    return done->get_future();
  }
  ToolReply call(const std::string& tool, json arguments = json::object(), Duration timeout = 20s) {
    return start(tool, std::move(arguments), timeout).get();
  }
  std::string text(const std::string& tool, json arguments = json::object()) {
    return text_of(call(tool, std::move(arguments)));
  }
  static std::string text_of(const ToolReply& reply) {
    if (reply.failure) return std::string{carillon::describe(*reply.failure).name} + ": " + reply.message;
    return reply.content[0]["text"];
  }
  Result<ToolFacts> describe(const std::string& tool, Duration wait = 20s) {
    return catalog().describe(TenantId{"default"}, tool, wait);
  }
  ServerReport report(const std::string& server = "s") {
    for (auto& each : catalog().servers())
      if (each.name == server) return each;
    return {};
  }
  std::vector<json> journal(const std::string& event) const {
    std::ifstream in{file("journal")};
    std::vector<json> found;
    for (std::string line; std::getline(in, line);) {
      json read = json::parse(line, nullptr, false);
      if (read.is_object() && read["event"] == event) found.push_back(std::move(read));
    }
    return found;
  }

  static ToolCall call_of(const std::string& tool, json arguments, Duration timeout) {
    return {TenantId{"default"},  tool,
            std::move(arguments), timeout,
            "key-of-" + tool,     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
  }

  CatalogOptions options;
  std::string signing_key;
  PromptSource prompts{};

 private:
  std::filesystem::path folder_;
  std::unique_ptr<Catalog> catalog_;
};

}  // namespace carillon::catalog
