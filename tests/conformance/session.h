// The client under test as the suite's scenarios use it: the library's McpClient on a loop of its own, with calls that
// wait for their answer. What a scenario cannot go on without throws std::runtime_error, which ends the program badly.
//
// One thread.
#pragma once

#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "transport/client.h"
#include "transport/client_http.h"

namespace carillon::conformance {

// What the suite says in the environment.
struct Scene {
  std::string url;
  std::string scenario;
  transport::Era era = transport::Era::modern;
  json context = json::object();
};

class Session {
 public:
  explicit Session(const Scene& scene, json capabilities = json::object(),
                   std::shared_ptr<transport::HttpAuthorizer> authorizer = nullptr);
  ~Session();

  // Questions of the server's, told on the loop; to be answered from any thread.
  void when_asked(transport::InputHandler asked) { asked_ = std::move(asked); }
  void open();
  json request(const std::string& method, json params = json::object());
  // Starts a call; its headers come from the listing if the tool was listed.
  std::future<transport::ClientReply> start_call(const std::string& tool, json arguments = json::object());
  json call(const std::string& tool, json arguments = json::object());
  const std::vector<transport::ListedTool>& list_tools();
  void close();

 private:
  std::future<transport::ClientReply> start(transport::ClientRequest request);

  transport::ClientLoop loop_;
  transport::InputHandler asked_;
  std::shared_ptr<transport::BlockingPool> pool_;
  std::promise<std::optional<transport::ClientFailure>> opened_;
  bool is_open_ = false;  // on the loop
  std::unique_ptr<transport::McpClient> client_;
  std::vector<transport::ListedTool> tools_;
};

// The result; throws for anything else.
json result_of(transport::ClientReply reply, const std::string& what);

}  // namespace carillon::conformance
