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
    json entry{{"url", "http://127.0.0.1:" + port + "/mcp"}};
    entry.update(more);
    bench.write({{"s", entry}});
  }
  void kill_server() { child_->stop(0s); }

  Bench bench;

 private:
  std::optional<process::Child> child_;
};

}  // namespace carillon::catalog
