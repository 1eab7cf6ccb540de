// A client on a loop of its own, talking to the stand-in as a real process; calls wait for their answer.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "server/process/executable.h"
#include "tests/stand_in/stand_in_path.h"
#include "transport/client.h"
#include "transport/client_http.h"
#include "transport/client_stdio.h"

namespace carillon::transport {

// Files of one test, gone with it.
class TestFolder {
 public:
  TestFolder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("carillon_client_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::vector<json> lines(const std::string& name) const {
    std::ifstream in{file(name)};
    std::vector<json> found;
    for (std::string line; std::getline(in, line);) found.push_back(json::parse(line));
    return found;
  }
  int count(const std::string& name, const std::string& event) const {
    int count = 0;
    for (const auto& line : lines(name)) count += line["event"] == event;
    return count;
  }

 private:
  std::filesystem::path path_;
};

// Asks until it is true; the deadline is for a broken program only.
inline bool eventually(const std::function<bool()>& holds) {
  for (const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
       std::chrono::steady_clock::now() < deadline; std::this_thread::yield())
    if (holds()) return true;
  return false;
}

class Downstream {
 public:
  explicit Downstream(WireFactory make_wire, ClientOptions options = {}, InputHandler asked = nullptr) {
    start(std::move(make_wire), options, std::move(asked));
  }
  explicit Downstream(const std::vector<std::string>& flags, ClientOptions options = {}) {
    StdioOptions stdio;
    stdio.command.arguments = {kStandInServer};
    stdio.command.arguments.insert(stdio.command.arguments.end(), flags.begin(), flags.end());
    stdio.command.environment = process::inherited_environment(process::server_environment_names());
    start([this, stdio] { return make_stdio_wire(loop_, stdio, errors_); }, options);
  }
  ~Downstream() {
    close();
    on_loop<bool>([this](auto& done) {
      client_.reset();
      done.set_value(true);
    });
  }

  // Nothing: ready. Otherwise why not.
  std::optional<ClientFailure> open() {
    loop_.post([this] { client_->open(); });
    return opened_.get_future().get();
  }
  ServerFacts facts() {
    return on_loop<ServerFacts>([this](auto& done) { done.set_value(client_->facts()); });
  }
  ListOutcome list(Duration timeout = std::chrono::seconds{20}) {
    return on_loop<ListOutcome>([this, timeout](auto& done) {
      client_->list_tools(timeout, [&done](ListOutcome outcome) { done.set_value(std::move(outcome)); });
    });
  }
  std::future<ClientReply> start_call(ClientRequest request, ClientRequestId* id = nullptr) {
    auto done = std::make_shared<std::promise<ClientReply>>();
    on_loop<bool>([&](auto& sent) {
      const auto made =
          client_->request(std::move(request), [done](ClientReply reply) { done->set_value(std::move(reply)); });
      if (id) *id = made;
      sent.set_value(true);
    });
    return done->get_future();
  }
  ClientReply call(const std::string& tool, json arguments = json::object(),
                   Duration timeout = std::chrono::seconds{20}) {
    return start_call(request_for(tool, std::move(arguments), timeout)).get();
  }
  std::string text(const std::string& tool, json arguments = json::object()) {
    auto reply = call(tool, std::move(arguments));
    if (const auto* result = std::get_if<json>(&reply)) return (*result)["content"][0]["text"];
    if (const auto* refusal = std::get_if<RpcRefusal>(&reply)) return "refused: " + refusal->message;
    return "failed: " + std::get<ClientFailure>(reply).message;
  }
  void cancel(ClientRequestId id) {
    loop_.post([this, id] { client_->cancel(id, "test"); });
  }
  void close() {
    on_loop<bool>([this](auto& gone) { client_->close([&gone] { gone.set_value(true); }); });
  }
  ClientFailure closed() { return closed_.get_future().get(); }
  void wait_for_change() { changed_.get_future().wait(); }
  std::string errors() {
    return errors_->with([](auto& tail) { return tail.tail(); });
  }
  std::size_t garbage() {
    return on_loop<std::size_t>([this](auto& done) { done.set_value(client_->garbage_seen()); });
  }
  ClientLoop& loop() { return loop_; }

  static ClientRequest request_for(const std::string& tool, json arguments, Duration timeout) {
    ClientRequest request;
    request.method = "tools/call";
    request.params = {{"name", tool}, {"arguments", std::move(arguments)}};
    request.timeout = timeout;
    return request;
  }

 private:
  template <class T>
  T on_loop(std::function<void(std::promise<T>&)> task) {
    std::promise<T> done;
    auto value = done.get_future();
    loop_.post([&] { task(done); });
    return value.get();
  }
  void start(WireFactory make_wire, ClientOptions options, InputHandler asked = nullptr) {
    ClientHooks hooks;
    hooks.asked = std::move(asked);
    hooks.ready = [this] {
      was_ready_ = true;
      opened_.set_value(std::nullopt);
    };
    hooks.closed = [this](ClientFailure failure) {
      if (!was_ready_) return opened_.set_value(std::move(failure));
      closed_.set_value(std::move(failure));
    };
    hooks.tools_changed = [this] { changed_.set_value(); };
    client_ = std::make_unique<McpClient>(loop_, std::move(make_wire), options, hooks);
  }

  std::shared_ptr<ErrorTail> errors_ = std::make_shared<ErrorTail>(process::TailBuffer{process::kErrorTailBytes});
  std::promise<std::optional<ClientFailure>> opened_;
  std::promise<ClientFailure> closed_;
  std::promise<void> changed_;
  bool was_ready_ = false;  // on the loop
  ClientLoop loop_;
  std::unique_ptr<McpClient> client_;
};

inline ClientFailure failure_of(const ClientReply& reply) {
  REQUIRE(std::holds_alternative<ClientFailure>(reply));
  return std::get<ClientFailure>(reply);
}

}  // namespace carillon::transport
