// Approvals that a person may decide, as forms that a host shows to whoever sits there (domain/question.h): a question
// of the run beside those of its call. Who may be asked holds the scope approve: who gave it vouches that the host asks
// a person. Inside a transaction; stateless.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/caller.h"
#include "server/store/approval_store.h"
#include "server/store/question_store.h"
#include "server/store/run_store.h"

namespace carillon {

// Whether the key of a question is one of these.
bool is_approval_form(std::string_view key);

// Of a live run. What has arguments too long for a form is decided elsewhere: a person sees all of what is approved.
std::vector<OpenQuestion> approval_forms(Tx& tx, const Caller& caller, const RunRecord& run);
// Whether an approval is the one that the key names, and the form that was shown for it.
bool is_named(const Approval& approval, std::string_view key);
json form_of(const Approval& approval, const std::string& run);

}  // namespace carillon
