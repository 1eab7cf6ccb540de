#include "server/engine/post.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "server/base/mask.h"
#include "server/base/metrics.h"
#include "server/domain/approval.h"
#include "server/domain/notify.h"
#include "server/engine/engine.h"
#include "server/engine/run_view.h"
#include "server/store/store.h"

namespace carillon {
namespace {

// After an outage so long nothing counts as gathered: somebody may fire its slots only now.
constexpr Duration kSettled = std::chrono::seconds{5};

// FNV-1a; the id must be the same in every version, and tell apart the letters of one run.
std::uint64_t long_hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
  return hash;
}

std::string id_of(const LetterKey& key) {
  std::array<char, 16> hash{};
  const auto end = std::to_chars(hash.begin(), hash.end(), long_hash_of(key.tenant.str() + "\n" + key.target), 16).ptr;
  return "msg_" + key.first.str() + "_" + std::string{hash.begin(), end};
}

Caller reader_of(const TakenLetter& letter) {
  return {.tenant = letter.key.tenant,
          .agent = letter.agent,
          .scopes = {Scope::read},
          .correlation_id = "delivery",
          .zone = ""};
}

}  // namespace

std::optional<TakenLetter> Post::take_row(const WantedLetter& wanted, Instant now) {
  const auto due = [&](Tx& tx) { return LetterStore{tx}.any_due(wanted.kind, now); };
  if (!store_.across_tenants(due)) return std::nullopt;
  return store_.across_tenants([&](Tx& tx) {
    return LetterStore{tx}.take({wanted.kind, now, now + wanted.lasts, wanted.per_hour_max});
  });
}

std::optional<DueLetter> Post::take(const WantedLetter& wanted) {
  const Instant now = clock_.now();
  while (auto taken = take_row(wanted, now)) {
    DueLetter letter{.taken = *taken, .id = id_of(taken->key), .now = now};
    store_.across_tenants([&](Tx& tx) {
      letter.scopes = LetterStore{tx}.scopes(*taken);
      letter.outage = OutageStore{tx}.of_letter(taken->key);
    });
    if (taken->of_approval ? put_approval(letter) : put_runs(letter)) return letter;
  }
  return std::nullopt;
}

bool Post::put_runs(DueLetter& letter) {
  const TakenLetter& taken = letter.taken;
  for (std::size_t i = 0; i < std::min(taken.runs.size(), kRunsTold); ++i)
    if (auto run = engine_.get_run(reader_of(taken), {.run = taken.runs[i].str()}))
      letter.runs.push_back(std::move(*run));
  if (letter.runs.empty()) failed(letter, "nothing is known of the run any more");
  return !letter.runs.empty();
}

// Each attempt has a link of its own: the one before may have arrived, and nobody keeps it.
bool Post::put_approval(DueLetter& letter) {
  const LetterKey& key = letter.taken.key;
  const auto told = store_.across_tenants([&](Tx& tx) -> std::optional<ToldApproval> {
    auto approval = ApprovalStore{tx}.find_open(key.tenant, key.first.number());
    const auto run = approval ? RunStore{tx}.find(key.tenant, approval->key.run) : std::nullopt;
    if (!run || letter.now >= approval->expires_at) {
      LetterStore{tx}.drop_approval(key);
      return std::nullopt;
    }
    return ToldApproval{asked_by(*run, std::move(*approval))};
  });
  if (!told) return false;
  letter.approval = *told;
  const Approval& approval = told->asked.approval;
  const auto link = make_link_ && asks_persons(approval.deciders) ? make_link_(key.target) : std::nullopt;
  if (!link) return true;
  engine_.keep_approval_link(reader_of(letter.taken), {approval.key, link->sha256, key.target});
  letter.approval->link = link->url;
  return true;
}

void Post::settle(const DueLetter& letter, DeliveryState state, const std::string& why) {
  store_.across_tenants([&](Tx& tx) {
    LetterStore{tx}.settle(letter.taken.key, {state, mask_secrets(why), clock_.now()});
  });
  metrics::count("carillon_deliveries_total",
                 {{"kind", name_of(kind_of_target(letter.taken.key.target))}, {"outcome", name_of(state)}},
                 static_cast<double>(letter.taken.runs.size()));
}

void Post::put_off(const DueLetter& letter, const PutOff& how) {
  store_.across_tenants([&](Tx& tx) {
    LetterStore{tx}.retry(letter.taken, clock_.now() + how.after, mask_secrets(how.why), how.others);
  });
}

void Post::release_gathered() {
  const Instant now = clock_.now();
  store_.across_tenants([&](Tx& tx) { OutageStore{tx}.release_gathered(now, now - kSettled); });
}

void Post::note_undeliverable(std::string_view kind, const std::string& why) {
  store_.across_tenants([&](Tx& tx) { LetterStore{tx}.note_undeliverable(kind, clock_.now(), why); });
}

}  // namespace carillon
