#include "server/engine/followed_calls.h"

#include <algorithm>
#include <charconv>

#include "server/domain/progress.h"
#include "server/engine/asked.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/paging.h"
#include "server/engine/run_view.h"

// follow_call, find_followed_call, list_followed_calls, stop_following: no events and no audit, because nothing changes
// but who may ask for what.

namespace carillon {
namespace {

Error unknown_call(const std::string& id) {
  return {ErrorCode::unknown_name, "no call of yours is followed by this id", "/id", id};
}

// Nothing: its run's record is not kept any more.
std::optional<FollowedCall> with_run(Tx& tx, const Caller& caller, FollowedCallRecord record) {
  FollowedCall call{.id = std::move(record.id),
                    .tool = std::move(record.tool),
                    .shape = std::move(record.shape),
                    .answer = std::move(record.answer),
                    .created_at = record.created_at,
                    .keep_for = record.keep_for,
                    .cancelled_at = record.cancelled_at};
  if (!record.run) return call;
  const auto run = RunStore{tx}.find(caller.tenant, *record.run);
  if (!run) return std::nullopt;
  call.run = view_of(*run);
  if (run->state != RunState::running && run->state != RunState::waiting) return call;
  call.questions = questions_for(tx, caller, *run);
  for (const RunNews& news : QuestionStore{tx}.news({run->id})) call.progress = progress_of(news.progress);
  return call;
}

// The key of a page's last row: the microseconds at which it was made, a comma, its id.
std::string page_key(const FollowedCallRecord& last) {
  return std::to_string(last.created_at.time_since_epoch().count()) + "," + last.id;
}

std::optional<FollowedCallStore::Page> read_page_key(const std::string& key) {
  std::int64_t micros = 0;
  const char* const end = key.data() + key.size();
  const auto [at, problem] = std::from_chars(key.data(), end, micros);
  if (problem != std::errc{} || at == end || *at != ',') return std::nullopt;
  return FollowedCallStore::Page{.before = Instant{Duration{micros}}, .id = std::string(at + 1, end)};
}

}  // namespace

void Engine::follow_call(const Caller& caller, const FollowCall& command) {
  constexpr Duration kLongest = std::chrono::hours{24 * 30};
  const Duration shortest = options_.keep_followed_calls;
  const FollowedCallRecord record{
      .id = command.id,
      .tool = command.tool,
      .run = command.run,
      .shape = command.shape,
      .answer = command.answer,
      .keep_for = std::clamp(command.keep_for.value_or(shortest), shortest, std::max(shortest, kLongest)),
      .created_at = parts_.clock.now()};
  parts_.store.in_tx(caller.tenant, [&](Tx& tx) { FollowedCallStore{tx}.insert(caller.tenant, caller.agent, record); });
}

Result<FollowedCall> Engine::find_followed_call(const Caller& caller, const std::string& id) {
  const Instant now = parts_.clock.now();
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<FollowedCall> {
    auto record = FollowedCallStore{tx}.find(caller.tenant, caller.agent, id);
    auto call = record ? with_run(tx, caller, std::move(*record)) : std::nullopt;
    if (!call) return unknown_call(id);
    call->now = now;
    return std::move(*call);
  });
}

Result<FollowedCallPage> Engine::list_followed_calls(const Caller& caller, const ListFollowedCalls& query) {
  if (auto fits = check_limit(query.limit, "/limit"); !fits) return fits.error();
  const auto cursor = read_cursor(Listing::followed_calls, query.cursor);
  if (!cursor) return cursor.error();
  FollowedCallStore::Page page;
  if (*cursor) {
    const auto behind = read_page_key(**cursor);
    if (!behind) return Error{ErrorCode::arguments_invalid, "take the cursor of the page before", "/cursor"};
    page = *behind;
  }
  page.limit = query.limit + 1;
  const Instant now = parts_.clock.now();
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<FollowedCallPage> {
    auto records = FollowedCallStore{tx}.list(caller.tenant, caller.agent, page);
    FollowedCallPage answer;
    if (records.size() >= static_cast<std::size_t>(page.limit)) {
      records.pop_back();
      answer.next_cursor = make_cursor(Listing::followed_calls, page_key(records.back()));
    }
    for (auto& record : records) {
      auto call = with_run(tx, caller, std::move(record));
      if (!call) continue;
      call->now = now;
      answer.calls.push_back(std::move(*call));
    }
    return answer;
  });
}

Status Engine::stop_following(const Caller& caller, const std::string& id) {
  const Instant now = parts_.clock.now();
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Status {
    FollowedCallStore calls{tx};
    if (calls.cancel(caller.tenant, caller.agent, id, now) || calls.find(caller.tenant, caller.agent, id))
      return Done{};
    return unknown_call(id);
  });
}

std::vector<FollowedCallState> Engine::followed_call_states(const std::vector<FollowedCallId>& calls) {
  if (calls.empty()) return {};
  return parts_.store.across_tenants([&](Tx& tx) { return FollowedCallStore{tx}.states(calls); });
}

}  // namespace carillon
