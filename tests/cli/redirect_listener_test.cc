#include "server/cli/redirect_listener.h"

#include <catch2/catch.hpp>

#include "transport/client_fetch.h"
#include "transport/oauth_text.h"

namespace carillon::cli {
namespace {

transport::Fetched get(const std::string& url) {
  transport::FetchOptions options;
  options.reach = transport::Reach::anywhere;
  return *transport::fetch(url, options);
}

TEST_CASE("the address that a browser comes back with is handed on", "[cli][redirect_listener]") {
  const auto listener = RedirectListener::start(0);
  REQUIRE(listener);
  const std::string address = (*listener)->address();
  CHECK(address.starts_with("http://127.0.0.1:"));
  CHECK(get(address + "x").status == 404);
  const auto page = get(address + "?code=c%2Fd&state=s&iss=https%3A%2F%2Fi");
  CHECK(page.status == 200);
  CHECK(page.body.find("can be closed") != std::string::npos);
  const auto came = (*listener)->wait(std::chrono::seconds{10});
  REQUIRE(came);
  const auto params = transport::query_params(*came);
  CHECK(params.at("code") == "c/d");
  CHECK(params.at("state") == "s");
  CHECK(params.at("iss") == "https://i");
}

TEST_CASE("nobody is waited for without an end and a port that is taken is told", "[cli][redirect_listener]") {
  const auto listener = RedirectListener::start(0);
  REQUIRE(listener);
  CHECK((*listener)->wait(std::chrono::milliseconds{20}).error().code == ErrorCode::needs_sign_in);
  const std::string address = (*listener)->address();
  const int port = std::stoi(address.substr(address.rfind(':') + 1));
  CHECK(RedirectListener::start(port).error().code == ErrorCode::conflict);
}

}  // namespace
}  // namespace carillon::cli
