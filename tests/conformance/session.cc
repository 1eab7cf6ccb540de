#include "tests/conformance/session.h"

#include <iostream>
#include <stdexcept>

namespace carillon::conformance {

using namespace transport;

json result_of(ClientReply reply, const std::string& what) {
  if (auto* result = std::get_if<json>(&reply)) return std::move(*result);
  if (const auto* refusal = std::get_if<RpcRefusal>(&reply))
    throw std::runtime_error(what + " was refused: " + refusal->message);
  throw std::runtime_error(what + " failed: " + std::get<ClientFailure>(reply).message);
}

Session::Session(const Scene& scene, json capabilities, std::shared_ptr<HttpAuthorizer> authorizer)
    : pool_(std::make_shared<BlockingPool>(8, 100)) {
  const auto address = parse_http_address(scene.url);
  if (!address) throw std::runtime_error("the server's address is none");
  ClientOptions options;
  options.known_era = scene.era;
  options.header_marks = HeaderMarks::checked;
  options.capabilities = std::move(capabilities);
  ClientHooks hooks;
  hooks.ready = [this] {
    is_open_ = true;
    opened_.set_value(std::nullopt);
  };
  hooks.closed = [this](ClientFailure failure) {
    if (!is_open_) opened_.set_value(std::move(failure));
  };
  hooks.asked = [this](const InputRequest& question, std::function<void(InputAnswer)> answer) {
    const auto from_anywhere = [this, answer](InputAnswer given) {
      loop_.post([answer, given = std::move(given)] { answer(given); });
    };
    if (asked_) return asked_(question, from_anywhere);
    answer(ProtocolError{rpc_code::kMethodNotFound, "nobody is here to answer", nullptr});
  };
  HttpOptions http;
  http.address = *address;
  http.authorizer = std::move(authorizer);
  client_ = std::make_unique<McpClient>(
      loop_, [this, http] { return make_http_wire(loop_, {pool_}, http); }, std::move(options), std::move(hooks));
}

Session::~Session() {
  close();
  std::promise<void> gone;
  loop_.post([&] {
    client_.reset();
    gone.set_value();
  });
  gone.get_future().wait();
}

void Session::open() {
  loop_.post([this] { client_->open(); });
  if (const auto failure = opened_.get_future().get()) throw std::runtime_error("cannot connect: " + failure->message);
}

void Session::close() {
  std::promise<void> gone;
  loop_.post([&] { client_->close([&gone] { gone.set_value(); }); });
  gone.get_future().wait();
}

std::future<ClientReply> Session::start(ClientRequest request) {
  auto done = std::make_shared<std::promise<ClientReply>>();
  loop_.post([this, done, request = std::move(request)]() mutable {
    client_->request(std::move(request), [done](ClientReply reply) { done->set_value(std::move(reply)); });
  });
  return done->get_future();
}

json Session::request(const std::string& method, json params) {
  ClientRequest request;
  request.method = method;
  request.params = std::move(params);
  request.timeout = std::chrono::seconds{20};
  return result_of(start(std::move(request)).get(), method);
}

std::future<ClientReply> Session::start_call(const std::string& tool, json arguments) {
  ClientRequest request;
  request.method = "tools/call";
  for (const auto& listed : tools_)
    if (listed.name == tool) request.headers = param_headers(listed.header_params, arguments);
  request.params = {{"name", tool}, {"arguments", std::move(arguments)}};
  request.timeout = std::chrono::seconds{20};
  return start(std::move(request));
}

json Session::call(const std::string& tool, json arguments) {
  return result_of(start_call(tool, std::move(arguments)).get(), "the call of " + tool);
}

const std::vector<ListedTool>& Session::list_tools() {
  std::promise<ListOutcome> done;
  loop_.post([&] {
    client_->list_tools(std::chrono::seconds{20}, [&done](ListOutcome outcome) { done.set_value(std::move(outcome)); });
  });
  auto outcome = done.get_future().get();
  if (auto* refusal = std::get_if<RpcRefusal>(&outcome)) result_of(std::move(*refusal), "tools/list");
  if (auto* failure = std::get_if<ClientFailure>(&outcome)) result_of(std::move(*failure), "tools/list");
  auto& listing = std::get<ToolListing>(outcome);
  for (const auto& dropped : listing.dropped) std::cerr << "dropped: " << dropped << '\n';
  tools_ = std::move(listing.tools);
  return tools_;
}

}  // namespace carillon::conformance
