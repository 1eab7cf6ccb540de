#include "server/worker/approval_letter.h"

#include <nlohmann/json.hpp>

#include "server/domain/schedule/schedule.h"
#include "server/worker/letter_text.h"

namespace carillon {

std::string approval_subject(const ToldApproval& told) {
  return told.asked.run + " asks: " + first_line(told.asked.approval.message);
}

std::string approval_text(const ToldApproval& told, Instant now) {
  const AskedApproval& asked = told.asked;
  const Approval& approval = asked.approval;
  std::string text = approval.message + "\n\n" + asked.run + ", step " + approval.key.path + "\n";
  text += "Digest of the arguments (SHA-256): " + approval.digest + "\n";
  if (approval.expires_at != Instant::max())
    text += "Until " + describe_instant(approval.expires_at, asked.zone, now) + "\n";
  if (!told.link.empty()) return text + "\nSee it whole, and decide:\n" + told.link;
  return text + "\nget_run {\"run\": \"" + asked.run + "\"} shows it whole; at a terminal `carillon approve " +
         asked.run + "` decides.";
}

json approval_facts(const ToldApproval& told) {
  const Approval& approval = told.asked.approval;
  json facts{{"run", told.asked.run},     {"step", approval.key.path}, {"message", approval.message},
             {"digest", approval.digest}, {"by", approval.deciders},   {"asked_at", to_rfc3339(approval.asked_at)}};
  if (approval.expires_at != Instant::max()) facts["expires_at"] = to_rfc3339(approval.expires_at);
  if (!told.link.empty()) facts["link"] = told.link;
  return facts;
}

}  // namespace carillon
