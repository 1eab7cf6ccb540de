#include "server/cli/redirect_listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <system_error>

#include "server/base/guarded.h"
#include "server/process/unique_fd.h"
#include "transport/http_server.h"
#include "transport/oauth_text.h"

namespace carillon::cli {
namespace {

constexpr const char* kPath = "/callback";
constexpr const char* kGoodbye =
    "<!doctype html><meta charset=\"utf-8\"><title>Carillon</title><p>That was all here. The terminal says how it "
    "went; "
    "this window can be closed.</p>\n";

class Nobody final : public transport::Authenticator {
 public:
  transport::AuthVerdict authenticate(const transport::HttpRequest&) override { return transport::Denied{}; }
};

transport::HttpServerOptions options_for(int port) {
  transport::HttpServerOptions options;
  options.port = port;
  options.limits.connections_max = 16;
  return options;
}

}  // namespace

struct RedirectListener::Inside {
  explicit Inside(int port) : http(options_for(port), nobody) {
    http.add({"GET", kPath, transport::Access::open,
              [this](const transport::HttpRequest& request, const std::shared_ptr<transport::HttpReply>& reply) {
                transport::FormFields fields{request.query.begin(), request.query.end()};
                came.with(
                    [&](std::string& address) { address = std::string{kPath} + "?" + transport::form_encode(fields); });
                reply->send({200, "text/html; charset=utf-8", kGoodbye, {{"Referrer-Policy", "no-referrer"}}});
                const std::uint64_t one = 1;
                [[maybe_unused]] const auto told = ::write(arrived.get(), &one, sizeof one);
              }});
  }

  process::UniqueFd arrived{::eventfd(0, EFD_CLOEXEC)};
  Guarded<std::string> came;
  Nobody nobody;
  transport::HttpServer http;
};

RedirectListener::RedirectListener() = default;
RedirectListener::~RedirectListener() {
  if (inside_) inside_->http.stop();
}

Result<std::unique_ptr<RedirectListener>> RedirectListener::start(int port) {
  std::unique_ptr<RedirectListener> listener{new RedirectListener};
  listener->inside_ = std::make_unique<Inside>(port);
  try {
    listener->inside_->http.start();
  } catch (const std::system_error& problem) {
    return Error{ErrorCode::conflict, "port " + std::to_string(port) + ": " + problem.code().message()};
  }
  return listener;
}

std::string RedirectListener::address() const {
  return "http://127.0.0.1:" + std::to_string(inside_->http.port()) + kPath;
}

Result<std::string> RedirectListener::wait(Duration at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  const bool may_paste = ::isatty(STDIN_FILENO) == 1;
  for (;;) {
    std::array<pollfd, 2> both{pollfd{inside_->arrived.get(), POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Error{ErrorCode::needs_sign_in, "nobody came back from the browser in time"};
    const int ready = ::poll(both.data(), may_paste ? 2 : 1, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
    if (ready <= 0) continue;
    if (both[0].revents != 0) return inside_->came.with([](const std::string& address) { return address; });
    std::string pasted;
    if (!std::getline(std::cin, pasted)) return Error{ErrorCode::needs_sign_in, "the terminal was closed"};
    if (transport::query_params(pasted).count("state") > 0) return pasted;
    std::cerr << "that is not the address to which the browser was sent: it holds \"state=\"\n";
  }
}

}  // namespace carillon::cli
