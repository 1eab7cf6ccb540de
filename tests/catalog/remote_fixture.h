// The stand-in over HTTP as the server "s" of a catalog.
#pragma once

#include "server/process/child.h"
#include "tests/catalog/catalog_fixture.h"

namespace carillon::catalog {

class Remote {
 public:
  explicit Remote(std::vector<std::string> flags, const json& more = json::object()) {
    process::Command command;
    command.arguments = {kStandInServer, "--http", "0", "--journal", bench.file("journal")};
    command.arguments.insert(command.arguments.end(), flags.begin(), flags.end());
    command.errors = process::Stream::inherit;
    auto child = process::Child::start(command);
    REQUIRE(child.ok());
    child_.emplace(*std::move(child));
    std::string port;
    for (char letter = 0; ::read(child_->output().get(), &letter, 1) == 1 && letter != '\n';) port.push_back(letter);
    entry = {{"url", "http://127.0.0.1:" + port + "/mcp"}};
    entry.update(more);
    bench.write({{"s", entry}});
  }
  void kill_server() { child_->stop(0s); }

  Bench bench;
  json entry;  // of "s"

 private:
  std::optional<process::Child> child_;
};

// The server "s" of the era and over the wire that `way` names, as any_way() gives them.
class AnyWay {
 public:
  AnyWay(const std::string& way, const json& carillon, Duration answer_within) : era(way.substr(0, way.find(' '))) {
    const json more{{"carillon", carillon}};
    if (way.ends_with("http")) {
      remote_ = std::make_unique<Remote>(std::vector<std::string>{"--era", era, "--sse"}, more);
      bench = &remote_->bench;
    } else {
      local_ = std::make_unique<Bench>();
      local_->write({{"s", local_->stand_in({"--era", era, "--tasks", local_->file("tasks")}, more)}});
      bench = local_.get();
    }
    bench->options.answer_within = answer_within;
  }

  const std::string era;
  Bench* bench = nullptr;

 private:
  std::unique_ptr<Remote> remote_;
  std::unique_ptr<Bench> local_;
};

inline const char* any_way() { return GENERATE("modern stdio", "legacy stdio", "modern http", "legacy http"); }
inline const char* any_era() { return GENERATE("modern stdio", "legacy stdio"); }

}  // namespace carillon::catalog
