// `carillon backfill TASK --from TIME --to TIME [--dry-run]`: runs for past slots that had none.
#include <cstdio>

#include "server/cli/command.h"
#include "server/cli/complain.h"
#include "server/cli/local_engine.h"

namespace carillon::cli {
namespace {

void print(const Backfilled& done) {
  for (std::size_t i = 0; i < done.slots.size(); ++i)
    std::printf("%s  %s\n", to_rfc3339_in(done.slots[i], done.zone).c_str(),
                i < done.runs.size() ? done.runs[i].c_str() : "would run");
  std::printf("%zu slots%s; %lld had their run\n", done.slots.size(), done.runs.empty() ? " without a run" : " queued",
              static_cast<long long>(done.had_runs));
}

}  // namespace

int run_backfill(const Words& words) {
  const auto parsed = parse_words(words, {.command = "backfill",
                                          .flags = {},
                                          .own = {{"from", "the first moment of the range", "TIME"},
                                                  {"to", "the last; default: now", "TIME"},
                                                  {"dry-run", "only say which slots would get a run", ""}}});
  if (!parsed) return kExitUsage;
  if (parsed->rest.size() != 1 || !parsed->has("from")) {
    std::fprintf(stderr, "carillon: say which: carillon backfill TASK --from TIME [--to TIME] [--dry-run]\n");
    return kExitUsage;
  }
  auto local = LocalEngine::open(parsed->config);
  if (!local.ok()) return refused(local.error());
  const auto done = (*local)->engine().backfill((*local)->owner(), {.task = parsed->rest[0],
                                                                    .from = parsed->value("from", ""),
                                                                    .to = parsed->value("to", "now"),
                                                                    .dry_run = parsed->has("dry-run")});
  if (!done.ok()) return refused(done.error());
  print(*done);
  return kExitOk;
}

}  // namespace carillon::cli
