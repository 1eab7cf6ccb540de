// The bytes of a connection: heads are read or refused, a body is the same however its bytes were cut, and what follows
// it is the next head.
#include "transport/http_message.h"

#include <algorithm>

#include "server/base/check.h"
#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

using namespace transport;

struct Taken {
  HttpBody::State state = HttpBody::State::unfinished;
  std::string body;
  std::size_t bytes = 0;
};

Taken take_body(const HttpHead& head, std::string_view rest, std::size_t step) {
  constexpr std::size_t kBodyMax = 4096;
  HttpBody reader{head, kBodyMax};
  Taken taken;
  const std::size_t all = rest.size();
  while (taken.state == HttpBody::State::unfinished && !rest.empty()) {
    std::string_view piece = rest.substr(0, step);
    const std::size_t given = piece.size();
    taken.state = reader.take(piece, taken.body);
    rest.remove_prefix(given - piece.size());
  }
  CARILLON_CHECK(taken.body.size() <= kBodyMax);
  taken.bytes = all - rest.size();
  return taken;
}

void http_message(std::string_view rest) {
  const HttpLimits limits;
  for (std::size_t end = rest.find(kHttpHeadEnd); end != std::string_view::npos; end = rest.find(kHttpHeadEnd)) {
    const auto read = read_http_head(rest.substr(0, end + kHttpHeadEnd.size()), limits);
    rest.remove_prefix(end + kHttpHeadEnd.size());
    const auto* head = std::get_if<HttpHead>(&read);
    if (head == nullptr) return;
    if (!head->has_body()) continue;
    const Taken whole = take_body(*head, rest, std::string_view::npos);
    const Taken cut = take_body(*head, rest, 3);
    CARILLON_CHECK(whole.state == cut.state);
    if (whole.state != HttpBody::State::finished) return;
    CARILLON_CHECK(whole.body == cut.body && whole.bytes == cut.bytes);
    rest.remove_prefix(whole.bytes);
  }
}

const Target kHttpMessageTarget{"http_message", http_message};

}  // namespace
}  // namespace carillon::fuzz
