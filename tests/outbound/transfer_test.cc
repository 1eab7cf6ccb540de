#include "server/outbound/transfer.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <future>

#include "tests/support/web_receiver.h"

namespace carillon::outbound {
namespace {

using test::WebAnswer;
using test::WebReceiver;
using namespace std::chrono_literals;

constexpr auto kAnywhere = transport::Reach::anywhere;

Answer ask(const Request& request, Keep keep = Keep::all) {
  return exchange(request, {.answer_bytes_max = 1000, .keep = keep, .reach = kAnywhere}, {});
}

}  // namespace

TEST_CASE("a proxy of the environment is not asked", "[outbound][transfer]") {
  const WebReceiver web, proxy;
  ::setenv("http_proxy", proxy.url("").c_str(), 1);
  const Answer answer = ask({.url = web.url(), .headers = {}, .body = "x"});
  ::unsetenv("http_proxy");
  CHECK(answer.status == 200);
  CHECK(web.posted().size() == 1);
  CHECK(proxy.posted().empty());
}

TEST_CASE("an answer is kept with its headers as far as that is wanted", "[outbound][transfer]") {
  const WebReceiver web{{WebAnswer{.status = 418, .headers = {{"X-Tea", " green "}}, .body = "short and stout"}}};
  const Answer all = ask({.url = web.url(), .headers = {}, .body = "x"});
  CHECK(all.status == 418);
  CHECK(all.body == "short and stout");
  CHECK_FALSE(all.cut);
  CHECK(all.may_have_arrived);
  CHECK(std::count(all.headers.begin(), all.headers.end(), std::pair<std::string, std::string>{"x-tea", "green"}) == 1);
  const Answer status = ask({.url = web.url(), .headers = {}, .body = "x"}, Keep::status);
  CHECK(status.status == 418);
  CHECK(status.body.empty());
  CHECK(status.headers.empty());
}

TEST_CASE("an answer that is too long is an answer that is cut", "[outbound][transfer]") {
  const WebReceiver web{{WebAnswer{.body = std::string(5000, 'x')}}};
  const Answer answer = ask({.url = web.url(), .headers = {}, .body = ""});
  CHECK(answer.status == 200);
  CHECK(answer.cut);
  CHECK(answer.body == std::string(1000, 'x'));
}

TEST_CASE("where nothing answers it is known whether the request can have arrived", "[outbound][transfer]") {
  const Answer refused = ask({.url = "http://127.0.0.1:1/", .headers = {}});
  CHECK(refused.silence == Silence::not_reached);
  CHECK_FALSE(refused.may_have_arrived);

  const WebReceiver closed;
  const Answer forbidden = exchange({.url = closed.url(), .headers = {}}, {.reach = transport::Reach::public_only}, {});
  CHECK(forbidden.silence == Silence::forbidden);
  CHECK_FALSE(forbidden.may_have_arrived);

  std::promise<void> end;
  const std::shared_future<void> over = end.get_future().share();
  const WebReceiver slow{{WebAnswer{.meanwhile = [over] { over.wait_for(20s); }}}};
  const Answer late =
      exchange({.url = slow.url(), .headers = {}, .body = "x"}, {.timeout = 200ms, .reach = kAnywhere}, {});
  end.set_value();
  CHECK(late.silence == Silence::timeout);
  CHECK(late.may_have_arrived);
}

}  // namespace carillon::outbound
