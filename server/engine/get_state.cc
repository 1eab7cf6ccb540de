#include <charconv>

#include "server/engine/engine.h"
#include "server/engine/paging.h"
#include "server/engine/state_changing.h"
#include "server/store/state_store.h"

// get_state: a key of the shared state with the values that it had, or the keys of a namespace.

namespace carillon {

namespace {

StateView view_of(const StateValue& value, std::int64_t bytes) {
  return {.version = value.version,
          .text = value.text,
          .bytes = bytes,
          .expires_at = value.expires_at,
          .changed_at = value.changed_at,
          .changed_by = value.changed_by};
}

StateView view_of(const StateRecord& record, Instant now) {
  const StateEntry entry = record.entry.at(now);
  StateView view = entry.value ? view_of(*entry.value, record.value_bytes) : StateView{};
  view.key = record.key;
  if (!entry.lease) return view;
  view.holder = entry.lease->holder;
  view.until = entry.lease->until;
  return view;
}

Result<std::int64_t> before_cursor(const std::optional<std::string>& cursor) {
  const auto key = read_cursor(Listing::state_versions, cursor);
  if (!key) return key.error();
  if (!*key) return INT64_MAX;
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars((*key)->data(), (*key)->data() + (*key)->size(), version);
  if (error == std::errc{} && end == (*key)->data() + (*key)->size()) return version;
  return Error{ErrorCode::arguments_invalid, "take the cursor from next_cursor of the page before", "/cursor", *cursor};
}

void add_earlier(StateStore state, const TenantId& tenant, const GetState& query, std::int64_t before,
                 StateDetail& detail) {
  const auto versions = state.versions(
      tenant, query.entry,
      {.before = before, .now = detail.now, .limit = query.limit + 1, .value_bytes = query.earlier_bytes});
  for (const StateVersion& each : versions) detail.earlier.push_back(view_of(each.value, each.value_bytes));
  if (detail.earlier.size() <= static_cast<std::size_t>(query.limit)) return;
  detail.earlier.pop_back();
  detail.next_cursor = make_cursor(Listing::state_versions, std::to_string(detail.earlier.back().version));
}

}  // namespace

Result<StateDetail> Engine::get_state(const Caller& caller, const GetState& query) {
  if (auto fits = check_state_key(query.entry); !fits) return fits.error();
  if (query.limit > 0)
    if (auto fit = check_limit(query.limit, "/limit"); !fit) return fit.error();
  const auto before = before_cursor(query.cursor);
  if (!before) return before.error();
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<StateDetail> {
    StateDetail detail{.space = query.entry.space, .zone = zone_of(caller), .now = parts_.clock.now()};
    StateStore state{tx};
    if (const auto found = state.find(caller.tenant, query.entry, query.value_bytes))
      detail.entry = view_of(*found, detail.now);
    detail.entry.key = query.entry.key;
    if (query.limit > 0) add_earlier(state, caller.tenant, query, *before, detail);
    if (detail.entry.version == 0 && detail.entry.holder.empty())
      detail.nearest = near_state_keys(tx, caller.tenant, query.entry, detail.now);
    return detail;
  });
}

Result<StatePage> Engine::list_state(const Caller& caller, const ListState& query) {
  if (auto fit = check_limit(query.limit, "/limit"); !fit) return fit.error();
  // A prefix is the beginning of a key, and may be all of it or nothing.
  if (auto fits = check_state_key({query.space, query.prefix.empty() ? "-" : query.prefix}); !fits) {
    Error error = fits.error();
    if (error.pointer == "/key") error.pointer = "/prefix";
    return error;
  }
  const auto after = read_cursor(Listing::state, query.cursor);
  if (!after) return after.error();
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<StatePage> {
    StatePage page{.space = query.space, .zone = zone_of(caller), .now = parts_.clock.now()};
    const StateQuery wanted{.space = query.space,
                            .prefix = query.prefix,
                            .after = after->value_or(""),
                            .now = page.now,
                            .limit = query.limit + 1,
                            .value_bytes = query.value_bytes};
    for (const StateRecord& each : StateStore{tx}.list(caller.tenant, wanted))
      page.entries.push_back(view_of(each, page.now));
    if (page.entries.size() <= static_cast<std::size_t>(query.limit)) return page;
    page.entries.pop_back();
    page.next_cursor = make_cursor(Listing::state, page.entries.back().key);
    return page;
  });
}

}  // namespace carillon
