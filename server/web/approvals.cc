#include "server/web/approvals.h"

#include <map>

#include "server/base/ascii.h"
#include "server/base/metrics.h"
#include "server/base/trace.h"
#include "server/web/approval_page.h"
#include "server/web/http_status.h"
#include "tools/service_guard.h"
#include "transport/sha256.h"

namespace carillon::web {
namespace {

using transport::HttpRequest;
using transport::HttpResponse;

constexpr std::size_t kFormBytesMax = 16 << 10;
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

HttpResponse html(int status, std::string body) {
  return {.status = status,
          .content_type = "text/html; charset=utf-8",
          .body = std::move(body),
          .headers = {{"Cache-Control", "no-store"},
                      {"Content-Security-Policy", page_policy()},
                      {"Referrer-Policy", "same-origin"},  // not no-referrer: the form's Origin would be "null"
                      {"X-Content-Type-Options", "nosniff"},
                      {"X-Frame-Options", "DENY"},
                      {"X-Robots-Tag", "noindex"}}};
}

HttpResponse notice(int status, std::string_view title, std::string_view text) {
  return html(status, notice_page(title, text));
}

std::string hash_of(const HttpRequest& request) {
  return transport::to_hex(transport::sha256(request.path_values.at("token")));
}

std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool coded =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (coded) {
      plain += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

std::map<std::string, std::string> fields_of(std::string_view body) {
  std::map<std::string, std::string> fields;
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(pair.size() + 1, body.size()));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos) fields[decoded(pair.substr(0, equals))] = decoded(pair.substr(equals + 1));
  }
  return fields;
}

// The form's own page sends it; browsers say where else something comes from.
bool is_from_elsewhere(const HttpRequest& request) {
  const auto site = request.header("Sec-Fetch-Site");
  return site && *site != "same-origin" && *site != "none";
}

HttpResponse no_such_link() {
  return notice(kNotFound, "No such link",
                "This link leads to nothing: it is mistyped, or what it was about is long over.");
}

HttpResponse show(Engine& engine, const HttpRequest& request) {
  const auto linked = engine.find_approval_link(hash_of(request));
  return linked ? html(kOk, approval_page(*linked)) : no_such_link();
}

// What became of it is told by the approval itself, as whoever opens the link again sees it.
HttpResponse not_decided(Engine& engine, const HttpRequest& request, const Error& error) {
  if (error.code == ErrorCode::unknown_name) return no_such_link();
  if (error.code == ErrorCode::too_large) return notice(kTooLarge, "Nothing was decided", "The comment is too long.");
  if (error.code == ErrorCode::arguments_invalid) return notice(kBadRequest, "Nothing was decided", error.message);
  const auto linked = engine.find_approval_link(hash_of(request));
  return linked ? html(kConflict, approval_page(*linked)) : no_such_link();
}

HttpResponse decide(Engine& engine, const HttpRequest& request) {
  if (is_from_elsewhere(request))
    return notice(kForbidden, "Nothing was decided", "The form was sent from another site. Open the link itself.");
  if (request.body.size() > kFormBytesMax) return notice(kTooLarge, "Nothing was decided", "The comment is too long.");
  if (!request.header("Content-Type").value_or("").starts_with(kFormType))
    return notice(kUnsupportedMediaType, "Nothing was decided", "Decide with the form of this page.");
  auto fields = fields_of(request.body);
  const std::string decision = fields["decision"];
  if (decision != "approve" && decision != "reject")
    return notice(kBadRequest, "Nothing was decided", "The decision is approve or reject. Open the link again.");
  const auto decided =
      engine.decide_by_link({.sha256 = hash_of(request),
                             .digest = fields["digest"],
                             .approves = decision == "approve",
                             .comment = fields["comment"],
                             .correlation_id = correlation_of(request.header("traceparent").value_or(""))});
  metrics::count("carillon_approval_links_total", {{"outcome", decided ? decided->decision : "refused"}});
  return decided ? html(kOk, decided_page(*decided)) : not_decided(engine, request, decided.error());
}

HttpResponse busy_page() { return notice(kUnavailable, "Try again", "Nothing was decided; try again in a moment."); }

using Answer = HttpResponse (*)(Engine&, const HttpRequest&);

transport::HttpHandler answered_by(const ApprovalParts& parts, Answer answer) {
  return [&engine = parts.engine, &executor = parts.executor, answer](
             HttpRequest request, const std::shared_ptr<transport::HttpReply>& reply) {
    const bool taken = executor.run([&engine, answer, request = std::move(request), reply] {
      const Caller nobody{TenantId{""}, AgentId{"link"}, Scopes{}, new_trace_id(), "", CallerKind::service};
      const auto answered =
          tools::guarded(nobody, "approve", [&]() -> Result<HttpResponse> { return answer(engine, request); });
      reply->send(answered ? *answered : busy_page());
    });
    if (!taken) reply->send(busy_page());
  };
}

}  // namespace

std::vector<transport::HttpRoute> approval_routes(ApprovalParts parts) {
  const std::string path = std::string{kApprovalPath} + "{token}";
  return {{.method = "GET", .path = path, .access = transport::Access::open, .handle = answered_by(parts, show)},
          {.method = "POST", .path = path, .access = transport::Access::open, .handle = answered_by(parts, decide)}};
}

}  // namespace carillon::web
