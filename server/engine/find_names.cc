#include "server/engine/engine.h"
#include "server/store/pipeline_store.h"
#include "server/store/store.h"
#include "server/store/task_store.h"

// find_names: names and tags that contain a text, for completion.

namespace carillon {

Result<NamesAnswer> Engine::find_names(const Caller& caller, const FindNames& query) {
  if (query.part.find('\0') != std::string::npos) return NamesAnswer{};
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<NamesAnswer> {
    TaskStore tasks{tx};
    NamesFound found = query.naming == Naming::tag ? tasks.find_tags(caller.tenant, query.part, query.limit)
                       : query.naming == Naming::pipeline
                           ? PipelineStore{tx}.find_names(caller.tenant, query.part, query.limit)
                           : tasks.find_names(caller.tenant, query.part, query.limit);
    return NamesAnswer{std::move(found.names), found.total};
  });
}

}  // namespace carillon
