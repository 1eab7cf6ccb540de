#include "server/web/approval_page.h"

#include <nlohmann/json.hpp>

#include "server/base/mask.h"
#include "server/domain/approval.h"
#include "server/domain/schedule/schedule.h"
#include "transport/base64.h"
#include "transport/sha256.h"

namespace carillon::web {
namespace {

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 "
    "1rem;color:#1b1b1b;background:#fff}"
    "h1{font-size:1.3rem}pre,.said{white-space:pre-wrap;overflow-wrap:anywhere}"
    "pre{background:#f3f3f3;padding:.75rem;border-radius:.4rem;font-size:.9rem}"
    "dt{color:#555;font-size:.9rem}dd{margin:0 0 .6rem;overflow-wrap:anywhere}"
    "textarea{width:100%;box-sizing:border-box;font:inherit}"
    "button{font:inherit;padding:.6rem 1.6rem;margin:.8rem .8rem 0 0;border-radius:.4rem;border:1px solid "
    "#444;background:#fff}"
    "button.yes{background:#14622f;border-color:#14622f;color:#fff}button.no{color:#8a1c1c;border-color:#8a1c1c}";

std::string escaped(std::string_view text) {
  std::string shown;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        shown += "&amp;";
        break;
      case '<':
        shown += "&lt;";
        break;
      case '>':
        shown += "&gt;";
        break;
      case '"':
        shown += "&quot;";
        break;
      case '\'':
        shown += "&#39;";
        break;
      default:
        shown += letter;
    }
  }
  return shown;
}

std::string page(std::string_view title, const std::string& body) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
         "content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>" +
         escaped(title) + "</title><style>" + std::string{kStyle} + "</style></head>\n<body><h1>" + escaped(title) +
         "</h1>\n" + body + "</body></html>\n";
}

std::string paragraph(std::string_view text) { return "<p class=\"said\">" + escaped(text) + "</p>\n"; }

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string fact(std::string_view name, const std::string& value) {
  return "<dt>" + escaped(name) + "</dt><dd>" + escaped(value) + "</dd>\n";
}

std::string facts_of(const LinkedApproval& linked) {
  const AskedApproval& asked = linked.asked;
  const Approval& approval = asked.approval;
  std::string text = paragraph(mask_secrets(approval.message));
  if (!approval.arguments.empty())
    text += "<pre>" + escaped(mask_secrets(approval.arguments).dump(2, ' ', false, json::error_handler_t::replace)) +
            "</pre>\n";
  text += "<dl>\n" + fact("run", asked.run + ", step " + approval.key.path) +
          fact("digest of the arguments (SHA-256)", approval.digest) +
          fact("asked", describe_instant(approval.asked_at, asked.zone, linked.now));
  if (approval.expires_at != Instant::max())
    text += fact("can be decided until", describe_instant(approval.expires_at, asked.zone, linked.now));
  if (approval.quorum > 1)
    text += fact("agreed", std::to_string(approval.agreed.size()) + " of " + std::to_string(approval.quorum) +
                               (approval.agreed.empty() ? "" : ": " + joined(approval.agreed)));
  return text + "</dl>\n";
}

// Why there is nothing to decide; empty: there is.
std::string why_closed(const LinkedApproval& linked) {
  const AskedApproval& asked = linked.asked;
  const Approval& approval = asked.approval;
  const auto when = [&](Instant at) { return describe_instant(at, asked.zone, linked.now); };
  if (approval.outcome == "approved" || approval.outcome == "rejected")
    return "Already decided: " + approval.outcome + " by " + joined(approval.decided_by) + " at " +
           when(*approval.decided_at) + ".";
  if (approval.outcome == "expired" || (approval.outcome.empty() && linked.now >= approval.expires_at))
    return "The approval expired at " + when(approval.expires_at) + ": nobody had decided.";
  if (!approval.outcome.empty() || is_final(asked.state))
    return "There is nothing to decide any more: " + asked.run + " is " + std::string(name_of(asked.state)) + ".";
  if (linked.used_at) return "You agreed at " + when(*linked.used_at) + "; others have to agree as well.";
  if (!asks_persons(approval.deciders)) return "The approval is an agent's to give.";
  return "";
}

std::string form_of(const Approval& approval) {
  return "<form method=\"post\">\n<input type=\"hidden\" name=\"digest\" value=\"" + escaped(approval.digest) +
         "\">\n<label>Comment<br><textarea name=\"comment\" rows=\"3\" maxlength=\"" +
         std::to_string(kApprovalTextMax / 4) +
         "\"></textarea></label><br>\n"
         "<button class=\"yes\" name=\"decision\" value=\"approve\">Approve</button>"
         "<button class=\"no\" name=\"decision\" value=\"reject\">Reject</button>\n</form>\n";
}

}  // namespace

std::string approval_page(const LinkedApproval& linked) {
  const std::string closed = why_closed(linked);
  const std::string title = linked.asked.run + (closed.empty() ? " asks for an approval" : ": approval");
  return page(title, (closed.empty() ? "" : paragraph(closed)) + facts_of(linked) +
                         (closed.empty() ? form_of(linked.asked.approval) : ""));
}

std::string decided_page(const RunResponded& decided) {
  const bool open = decided.decision == "open";
  const int wanting = decided.quorum - static_cast<int>(decided.by.size());
  return page(decided.run + ": " + (open ? "agreed" : decided.decision),
              paragraph(open ? "Your agreement is noted. Wanting: " + std::to_string(wanting) + "."
                             : "Decided by " + joined(decided.by) + ". The run goes on; this page can be closed.") +
                  "<dl>\n" + fact("digest of the arguments (SHA-256)", decided.digest) + "</dl>\n");
}

std::string notice_page(std::string_view title, std::string_view text) { return page(title, paragraph(text)); }

std::string page_policy() {
  return "default-src 'none'; style-src 'sha256-" + transport::to_base64(transport::sha256(kStyle)) +
         "'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
}

}  // namespace carillon::web
